import { Context } from '@temporalio/activity';
import { bucketsOf } from '../domain/buckets.ts';
import type { SourceFailure } from '../domain/errors.ts';
import { isInstanceFault } from '../domain/observed.ts';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import { differingDays, windowAt, type Window } from '../domain/window.ts';
import type { InstanceRow } from '../db/instances.ts';
import type { PageKey, PageWrite } from '../db/count-writes.ts';
import type { Queryable } from '../db/pool.ts';
import type { InstanceRun } from '../db/sightings.ts';
import type { Outcome } from '../db/sync-runs.ts';
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

export function createSyncActivities(deps: ActivityDeps) {
  const { pool, db, settings } = deps;

  return {
    async beginRun(input: {
      runId: string;
      scheduledAt: string;
      startedAt: string;
      trigger: string;
      instanceIds?: string[];
    }): Promise<string[]> {
      return guarded(async () => {
        await db.runs.beginRun(pool, input);
        const ids = await db.runs.instancesToSync(pool);
        return input.instanceIds ? ids.filter((id) => input.instanceIds!.includes(id)) : ids;
      });
    },

    async finishRun(input: { runId: string; at: string }): Promise<void> {
      await guarded(() => db.runs.finishRun(pool, input.runId, input.at));
    },

    /** The instance's child of the last hour is still running: only this instance is skipped, and it says so. */
    async skipInstance(input: { runId: string; instanceId: string; at: string }): Promise<void> {
      await guarded(() => db.runs.finishInstanceRun(pool, { ...input, outcome: 'skipped', rest: [] }));
    },

    /** Shuts what earlier runs left open, looks at GitHub Connect, and says where each bucket starts. */
    async beginInstance(input: {
      runId: string;
      instanceId: string;
      startedAt: string;
      buckets: number;
    }): Promise<{ open: boolean; cursors: string[] }> {
      return guarded(async () => {
        const { rest } = await db.runs.beginInstanceRun(pool, input.runId, input.instanceId, input.startedAt);
        const instance = await db.instances.loadInstance(pool, input.instanceId);
        const open = instance !== undefined && (await lookAtConnect(deps, instance, input.startedAt, input.runId));
        const fitting = rest.length === input.buckets ? rest : bucketsOf(input.buckets).map((bucket) => bucket.from);
        return { open, cursors: fitting };
      });
    },

    async finishInstance(input: {
      runId: string;
      instanceId: string;
      at: string;
      outcome: Outcome;
      rest: string[];
    }): Promise<void> {
      // Together: a finished run is one that was judged.
      await guarded(() =>
        db.inTransaction(pool, async (tx) => {
          await db.runs.finishInstanceRun(tx, input);
          await judgeInstance(tx, deps, input, input.at);
        }),
      );
    },

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

/** The hourly look at GitHub Connect. An enterprise's is read with its owner's credential, an organization's is recorded. */
async function lookAtConnect(deps: ActivityDeps, instance: InstanceRow, at: string, runId: string): Promise<boolean> {
  const { pool, db, settings } = deps;
  let connected = instance.connect !== 'disconnected';
  if (instance.account.kind === 'enterprise' && instance.account.credential) {
    const { ciphertext, keyId } = instance.account.credential;
    const credential = deps.cipher.tryOpen(ciphertext, keyId, instance.account.id);
    if (credential === undefined) return instance.sharing.status === 'on';
    const answer = await deps.authority.isConnected(instance.account, credential, instance.hostname);
    // Who cannot be asked is not gone: nothing is paused because GitHub.com was down.
    if (!answer.known) return instance.sharing.status === 'on';
    connected = answer.value;
    await db.instances.recordConnect(pool, instance.id, connected, at);
  }
  const outcome = await db.inTransaction(pool, (tx) =>
    db.sharing.applySharing(tx, instance.id, {
      command: { type: 'look', connected, at },
      actor: 'system',
      at,
      operationId: `look/${runId}`,
      settings: { connectGraceMs: settings.connectGraceMs, connectLooks: settings.connectLooks },
    }),
  );
  return outcome.sharing.status === 'on';
}

/** Many connections that turn in one run are the instance's fault: nothing is deleted, the operator is told. */
async function judgeInstance(tx: Queryable, deps: ActivityDeps, run: InstanceRun, at: string): Promise<void> {
  const { turned, connections, startedAt } = await deps.db.sightings.turnedInRun(tx, run);
  if (isInstanceFault(turned, connections)) await deps.db.sightings.dismiss(tx, run.instanceId, startedAt, at);
}

export type SyncActivities = ReturnType<typeof createSyncActivities>;
