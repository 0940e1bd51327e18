import { Context } from '@temporalio/activity';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import { differingDays, windowAt, type Window } from '../domain/window.ts';
import type { InstanceRow } from '../db/instances.ts';
import type { PageKey, PageWrite } from '../db/count-writes.ts';
import type { FailedRead } from '../db/read-answers.ts';
import type { PageConnection } from '../db/sync-pages.ts';
import type { ActivityDeps } from './deps.ts';
import { guarded } from './failures.ts';
import { readCounts, sourceOf } from './read-counts.ts';

/** A quarter of the heartbeat timeout that the workflow sets. */
const HEARTBEAT_MS = 5_000;

export interface StretchInput {
  runId: string;
  instanceId: string;
  cursor: string;
  to: string;
  pageSize: number;
  /** The window is that of the run's own start. */
  startedAt: string;
  /** No page starts after it, in milliseconds since the epoch. */
  deadline: number;
  /** How long it goes on with the next page, in milliseconds. */
  stretchMs: number;
}

/** The last page's state, and the totals of all. */
export interface StretchReport {
  /** Where the next page starts, or null at the end of the bucket. */
  next: string | null;
  /** More than half of the last page failed for reasons that are the instance's. */
  systemic: boolean;
  /** The gate is closed, or a later run has begun: stop. */
  shut: boolean;
  pages: number;
  connections: number;
  changed: number;
  failed: number;
}

export function createPageActivities(deps: ActivityDeps) {
  const { pool, db, settings } = deps;

  return {
    /** Reads page after page until time is up, the bucket ends, or the instance is in trouble; one page at the least. */
    async syncPages(input: StretchInput): Promise<StretchReport> {
      return guarded(() => beating(() => readStretch(input)));
    },
  };

  /** A page is stored while the next one is read: the instance need not wait for the database, nor the other way round. */
  async function readStretch(input: StretchInput): Promise<StretchReport> {
    const until = Math.min(Date.now() + input.stretchMs, input.deadline);
    const report = { next: null, systemic: false, shut: false, pages: 0, connections: 0, changed: 0, failed: 0 };
    const failed = new AbortController();
    const signal = AbortSignal.any([Context.current().cancellationSignal, failed.signal]);
    let storing = Promise.resolve(0);
    for (let { cursor } = input; ;) {
      const [changed, page] = await both(storing, readPage(input, cursor, signal));
      report.changed += changed;
      report.pages += 1;
      if (!page) return { ...report, shut: true };
      storing = storePage(page);
      storing.catch(() => failed.abort());
      report.connections += page.connections;
      report.failed += page.failures.length;
      if (page.next === null || page.systemic || Date.now() >= until) {
        report.changed += await storing;
        return { ...report, next: page.next, systemic: page.systemic };
      }
      cursor = page.next;
    }
  }

  interface PageRead extends Reads {
    key: PageKey;
    readNumber: number;
    instance: InstanceRow;
    window: Window;
    connections: number;
    /** The last id that the page covers. */
    toId: string;
    next: string | null;
    systemic: boolean;
  }

  /**
   * Reads one page of developers, each with their own token. One developer's failure is a row; the page fails as a whole
   * only for what is ours.
   * @returns undefined when the page is shut
   */
  async function readPage(input: StretchInput, cursor: string, signal: AbortSignal): Promise<PageRead | undefined> {
    const key: PageKey = { runId: input.runId, instanceId: input.instanceId, fromId: cursor };
    // Who is on the page may be asked while it takes its number: that must only come before the first request.
    const [readNumber, instance, connections] = await Promise.all([
      db.pages.openPage(pool, key, input.startedAt),
      db.instances.loadInstance(pool, input.instanceId),
      db.pages.readPage(pool, input.instanceId, cursor, input.to, input.pageSize),
    ]);
    if (readNumber === undefined || !instance || instance.sharing.status !== 'on') return undefined;
    const window = windowAt(input.startedAt);
    const reads = await readAll(instance, connections, window, signal);
    const full = connections.length === input.pageSize;
    const toId = full ? connections.at(-1)!.id : input.to;
    return {
      ...reads,
      key,
      readNumber,
      instance,
      window,
      connections: connections.length,
      toId,
      next: full ? toId : null,
      systemic: connections.length > 0 && reads.systemicFailures * 2 > connections.length,
    };
  }

  /** Sets what differs. @returns how many connections that was */
  async function storePage(page: PageRead): Promise<number> {
    const { key, readNumber, toId, connections, failures } = page;
    await db.counts.recordRecoveries(pool, key, readNumber, page.recovered);
    const changed = await db.counts.writePage(pool, key, readNumber, await differing(page));
    const at = new Date().toISOString();
    await db.pages.finishPage(pool, key, readNumber, { toId, connections, failures, at });
    return changed;
  }

  interface Reads {
    good: { connection: PageConnection; counts: Int32Array }[];
    failures: FailedRead[];
    recovered: string[];
    systemicFailures: number;
  }

  /** So many readers take from one list; memory is bounded by the page. */
  async function readAll(
    instance: InstanceRow,
    connections: PageConnection[],
    window: Window,
    signal: AbortSignal,
  ): Promise<Reads> {
    const from = sourceOf(deps, instance);
    const reads: Reads = { good: [], failures: [], recovered: [], systemicFailures: 0 };
    let next = 0;
    const reader = async () => {
      while (next < connections.length) {
        const connection = connections[next]!;
        next += 1;
        const answer = await readCounts(deps, from, connection, window, Date.now, signal);
        if (signal.aborted) throw signal.reason;
        if (answer.ok) {
          reads.good.push({ connection, counts: answer.counts });
          if (connection.hasFailure || connection.sighted) reads.recovered.push(connection.id);
        } else {
          const { id: connectionId, generation } = connection;
          reads.failures.push({ connectionId, generation, failure: answer.failure });
          if (answer.systemic) reads.systemicFailures += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(settings.syncConcurrency, connections.length) }, reader));
    return reads;
  }

  /** Compares digests first: in a quiet hour that is all that is asked of the ledger. */
  async function differing({ instance, readNumber, good, window }: PageRead): Promise<PageWrite[]> {
    if (good.length === 0) return [];
    const ids = good.map((read) => read.connection.id);
    const kept = await db.pages.keptCounts(pool, ids, window);
    const suspects = good.filter(
      ({ connection, counts }) =>
        kept.openReads.has(connection.id) || kept.digests.get(connection.id) !== deps.digestOf(counts),
    );
    if (suspects.length === 0) return [];
    const windows = await db.ledger.windows(
      pool,
      suspects.map((read) => read.connection.id),
      window,
    );
    return suspects.map(({ connection, counts }) => {
      const openRead = kept.openReads.has(connection.id);
      return {
        openRead,
        message: {
          connectionId: connection.id,
          generation: connection.generation,
          readNumber,
          source: SOURCE_LABELS[instance.kind],
          // Beside an open read the ledger may change before the lock is had: then every day is said.
          days: openRead
            ? window.labels.map((date, at) => ({ date, count: counts[at]! }))
            : differingDays(window, windows.get(connection.id)!, counts),
        },
      };
    });
  }
}

/** Waits for the other one even if one fails: nothing of an activity goes on when it has ended. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** By the clock and not by what was read: a slow instance is no dead worker, and a dead one is noticed soon. */
async function beating<Result>(work: () => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
