import { Context } from '@temporalio/activity';
import type { SourceFailure } from '../domain/errors.ts';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import { differingDays, windowAt, type Window } from '../domain/window.ts';
import type { InstanceRow } from '../db/instances.ts';
import type { PageKey, PageWrite } from '../db/count-writes.ts';
import type { PageConnection } from '../db/sync-pages.ts';
import type { ActivityDeps } from './deps.ts';
import { guarded } from './failures.ts';
import { readCounts, sourceOf } from './read-counts.ts';

/** A quarter of the heartbeat timeout that the workflow sets. */
const HEARTBEAT_MS = 5_000;

export interface PageInput {
  runId: string;
  instanceId: string;
  cursor: string;
  to: string;
  pageSize: number;
  /** The window is that of the run's own start. */
  startedAt: string;
}

export interface StretchInput extends PageInput {
  /** No page starts after it, in milliseconds since the epoch. */
  deadline: number;
  /** How long it goes on with the next page, in milliseconds. */
  stretchMs: number;
}

export interface PageReport {
  /** Where the next page starts, or null at the end of the bucket. */
  next: string | null;
  connections: number;
  changed: number;
  failed: number;
  /** More than half of the page failed for reasons that are the instance's. */
  systemic: boolean;
  /** The gate is closed, or a later run has begun: stop. */
  shut: boolean;
}

/** The last page's report, with the totals of all. */
export interface StretchReport extends PageReport {
  pages: number;
}

export function createPageActivities(deps: ActivityDeps) {
  const { pool, db, settings } = deps;

  return {
    /** Reads page after page until time is up, the bucket ends, or the instance is in trouble; one page at the least. */
    async syncPages(input: StretchInput): Promise<StretchReport> {
      return guarded(() => beating(() => readStretch(input)));
    },
  };

  async function readStretch(input: StretchInput): Promise<StretchReport> {
    const until = Math.min(Date.now() + input.stretchMs, input.deadline);
    const total = { pages: 0, connections: 0, changed: 0, failed: 0 };
    for (let { cursor } = input; ;) {
      const page = await readPage({ ...input, cursor });
      total.pages += 1;
      total.connections += page.connections;
      total.changed += page.changed;
      total.failed += page.failed;
      if (page.next === null || page.systemic || Date.now() >= until) return { ...page, ...total };
      cursor = page.next;
    }
  }

  /**
   * Reads one page of developers, each with their own token, and sets what differs. One developer's failure is a row;
   * the page fails as a whole only for what is ours.
   */
  async function readPage(input: PageInput): Promise<PageReport> {
    const page: PageKey = { runId: input.runId, instanceId: input.instanceId, fromId: input.cursor };
    const none: PageReport = { next: null, connections: 0, changed: 0, failed: 0, systemic: false, shut: true };
    // Who is on the page may be asked while it takes its number: that must only come before the first request.
    const [readNumber, instance, connections] = await Promise.all([
      db.pages.openPage(pool, page, input.startedAt),
      db.instances.loadInstance(pool, input.instanceId),
      db.pages.readPage(pool, input.instanceId, input.cursor, input.to, input.pageSize),
    ]);
    if (readNumber === undefined || !instance || instance.sharing.status !== 'on') return none;
    const window = windowAt(input.startedAt);
    const reads = await readAll(instance, connections, window);
    await db.pages.recordRecoveries(pool, reads.recovered);
    const writes = await differing(instance, readNumber, reads.good, window);
    const changed = await db.counts.writePage(pool, page, readNumber, writes);
    const full = connections.length === input.pageSize;
    const toId = full ? connections.at(-1)!.id : input.to;
    await db.pages.finishPage(pool, page, readNumber, {
      toId,
      connections: connections.length,
      failures: reads.failures,
      at: new Date().toISOString(),
    });
    return {
      next: full ? toId : null,
      connections: connections.length,
      changed,
      failed: reads.failures.length,
      systemic: connections.length > 0 && reads.systemic * 2 > connections.length,
      shut: false,
    };
  }

  interface Reads {
    good: { connection: PageConnection; counts: Int32Array }[];
    failures: { connectionId: string; failure: SourceFailure }[];
    recovered: string[];
    systemic: number;
  }

  /** So many readers take from one list; memory is bounded by the page. */
  async function readAll(instance: InstanceRow, connections: PageConnection[], window: Window): Promise<Reads> {
    const from = sourceOf(deps, instance);
    const reads: Reads = { good: [], failures: [], recovered: [], systemic: 0 };
    const { cancellationSignal } = Context.current();
    let next = 0;
    const reader = async () => {
      while (next < connections.length) {
        const connection = connections[next]!;
        next += 1;
        const answer = await readCounts(deps, from, connection, window, Date.now, cancellationSignal);
        if (cancellationSignal.aborted) throw cancellationSignal.reason;
        if (answer.ok) {
          reads.good.push({ connection, counts: answer.counts });
          if (connection.hasFailure || connection.sighted) reads.recovered.push(connection.id);
        } else {
          reads.failures.push({ connectionId: connection.id, failure: answer.failure });
          if (answer.systemic) reads.systemic += 1;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(settings.syncConcurrency, connections.length) }, reader));
    return reads;
  }

  /** Compares digests first: in a quiet hour that is all that is asked of the ledger. */
  async function differing(
    instance: InstanceRow,
    readNumber: number,
    good: Reads['good'],
    window: Window,
  ): Promise<PageWrite[]> {
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
