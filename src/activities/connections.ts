import type { ConnectionCommit, Committed } from '../db/connection-steps.ts';
import type { ConnectionRow } from '../db/connections.ts';
import type { Intent } from '../db/intents.ts';
import type { ConnectionState, ObservedCause } from '../domain/connection.ts';
import { causeOf, hasOutlivedGrace } from '../domain/observed.ts';
import type { SharingStatus } from '../domain/sharing.ts';
import { windowAt } from '../domain/window.ts';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import { DomainError, type SourceFailure } from '../domain/errors.ts';
import type { ActivityDeps } from './deps.ts';
import { guarded } from './failures.ts';
import { readCounts, sourceOf } from './read-counts.ts';

export interface ConnectionView {
  instanceId: string;
  state: ConnectionState;
  generation: number;
  version: number;
  restoreUntil: string | null;
  erased: boolean;
  switchedOff: boolean;
  sharing: SharingStatus;
  /** The gate is open for this connection: what it reads may be written. */
  writable: boolean;
  intents: Pick<Intent, 'operationId' | 'kind' | 'generation' | 'askedAt'>[];
  /** An observed cause that has outlived its grace. */
  observed: ObservedCause | null;
}

export type CommitInput = Omit<ConnectionCommit, 'restoreWindowMs' | 'outbox'>;

export type ReadResult =
  | { outcome: 'written' | 'superseded' | 'stale' }
  | { outcome: 'failed'; failure: SourceFailure; retryAfterMs: number | null };

/** A source that cannot be asked lifts nothing and confirms nothing. */
export interface Recheck {
  /** The counts can be read: no observed cause holds any more. */
  lifted: boolean;
  /** What was seen just now. */
  holds: ObservedCause | null;
}

export function createConnectionActivities(deps: ActivityDeps) {
  const { pool, db, settings } = deps;

  function view(row: ConnectionRow, intents: Intent[]): ConnectionView {
    const grace = {
      tokenMs: settings.graceTokenMs,
      observedMs: settings.graceObservedMs,
      sightings: settings.graceSightings,
    };
    return {
      instanceId: row.instanceId,
      state: row.state,
      generation: row.generation,
      version: row.version,
      restoreUntil: row.restoreUntil,
      erased: row.erasedAt !== null,
      switchedOff: row.switchedOff,
      sharing: row.instance.sharingStatus,
      writable: row.instance.gateOpen && !row.switchedOff && row.restoreUntil === null && row.erasedAt === null,
      intents: intents.map(({ operationId, kind, generation, askedAt }) => ({
        operationId,
        kind,
        generation,
        askedAt,
      })),
      // Alone a connection cannot tell its own trouble from its instance's: a run judges that first.
      observed: row.sighting?.judged && hasOutlivedGrace(row.sighting, grace) ? row.sighting.cause : null,
    };
  }

  const toCommit = (input: CommitInput): ConnectionCommit => ({
    ...input,
    restoreWindowMs: settings.restoreWindowMs,
    outbox: messagesOf(input),
  });

  return {
    /** The fences, the projection and the accepted acts of a connection, or null where there is none. */
    async loadConnection(input: { connectionId: string }): Promise<ConnectionView | null> {
      return guarded(async () => {
        const found = await db.connections.loadForWorkflow(pool, input.connectionId);
        return found ? view(found.row, found.intents) : null;
      });
    },

    /** One step: fence, projection, audit record and messages in one transaction. Run again, it answers the same. */
    async commitConnectionStep(input: CommitInput): Promise<Committed> {
      return guarded(() => db.inTransaction(pool, (tx) => db.steps.commitConnection(tx, toCommit(input))));
    },

    /** An accepted act that changes nothing more is done. */
    async closeIntent(input: { operationId: string; asOf: string }): Promise<void> {
      await guarded(() => db.intents.markDone(pool, [input.operationId], input.asOf));
    },

    /** Deletes the counts of a connection whose removal was accepted. */
    async removeConnectionCounts(input: { connectionId: string; generation: number }): Promise<void> {
      await guarded(() => db.removals.removeCounts(pool, input.connectionId, input.generation));
    },

    /** Reads back zero, then writes the receipt and the step in one transaction; where counts are left it writes nothing. */
    async verifyConnectionRemoval(input: {
      connectionId: string;
      generation: number;
      cause: string;
      askedAt: string;
      commit: CommitInput | null;
      asOf: string;
    }): Promise<{ left: number; committed: Committed | null }> {
      return guarded(() =>
        db.inTransaction(pool, async (tx) => {
          const left = await db.removals.countsLeft(tx, [input.connectionId]);
          if (left > 0) return { left, committed: null };
          await db.removals.insertReceipt(tx, {
            scope: 'connection',
            subjectId: input.connectionId,
            generation: input.generation,
            cause: input.cause,
            askedAt: input.askedAt,
            verifiedAt: input.asOf,
            itemsDeleted: await db.removals.removalOf(tx, input.connectionId, input.generation),
            publicCacheMs: settings.publicCacheMs,
          });
          if (!input.commit) return { left, committed: null };
          return { left, committed: await db.steps.commitConnection(tx, toCommit(input.commit)) };
        }),
      );
    },

    /** Reads one developer's window now and sets it, through the fences. A source's failure is an answer, not an error. */
    async readConnectionNow(input: { connectionId: string; generation: number; asOf: string }): Promise<ReadResult> {
      return guarded(async () => {
        let read;
        try {
          read = await db.counts.openRead(pool, input.connectionId, input.generation);
        } catch (error) {
          if (error instanceof DomainError && error.code === 'fence_moved') return { outcome: 'stale' };
          throw error;
        }
        const connection = await db.pages.readConnectionForSource(pool, input.connectionId);
        const instance = await db.instances.loadInstance(pool, read.instanceId);
        if (!connection || !instance) return { outcome: 'stale' };
        const window = windowAt(input.asOf);
        const answer = await readCounts(deps, sourceOf(deps, instance), connection, window, () =>
          Date.parse(input.asOf),
        );
        if (!answer.ok) {
          const failed = { connectionId: connection.id, generation: input.generation, failure: answer.failure };
          await db.inTransaction(pool, (tx) => db.answers.recordFailures(tx, read.readNumber, [failed], input.asOf));
          return { outcome: 'failed', failure: answer.failure, retryAfterMs: answer.retryAfterMs ?? null };
        }
        const kept = (await db.ledger.windows(pool, [connection.id], window)).get(connection.id)!;
        const days = window.labels.flatMap((date, at) =>
          kept[at] === 0 && answer.counts[at] === 0 ? [] : [{ date, count: answer.counts[at]! }],
        );
        const { generation, readNumber } = read;
        const source = SOURCE_LABELS[instance.kind];
        const message = { connectionId: connection.id, generation, readNumber, source, days };
        return { outcome: await db.counts.writeRead(pool, read, message, input.asOf) };
      });
    },

    /** Erases a link whose window has passed. @returns whether it is erased */
    async lapseConnection(input: { connectionId: string; asOf: string }): Promise<boolean> {
      return guarded(async () => {
        await db.inTransaction(pool, (tx) => db.steps.lapseConnection(tx, input.connectionId, input.asOf));
        const row = await db.connections.loadConnection(pool, input.connectionId);
        return row?.erasedAt != null;
      });
    },

    /** Asks the source, with the stored token, what stands against sending now. */
    async recheckCauses(input: { connectionId: string; asOf: string }): Promise<Recheck> {
      return guarded(async () => {
        const connection = await db.pages.readConnectionForSource(pool, input.connectionId);
        const row = await db.connections.loadConnection(pool, input.connectionId);
        const instance = row && (await db.instances.loadInstance(pool, row.instanceId));
        if (!connection || !instance) return { lifted: false, holds: null };
        const answer = await readCounts(deps, sourceOf(deps, instance), connection, windowAt(input.asOf), () =>
          Date.parse(input.asOf),
        );
        return answer.ok ? { lifted: true, holds: null } : { lifted: false, holds: causeOf(answer.failure) ?? null };
      });
    },
  };
}

/** Who is told of a step. Addresses are roles, resolved when a message is sent. */
function messagesOf(commit: CommitInput): NonNullable<ConnectionCommit['outbox']> {
  const told: Record<string, string> = {
    'connection.counts_deleted': 'connection.counts_deleted',
    'connection.removal_observed': 'connection.cause_observed',
    'connection.restored': 'connection.restored',
  };
  const event = told[commit.action];
  if (!event) return [];
  return [
    {
      event,
      subjectKind: 'connection',
      subjectId: commit.connectionId,
      address: 'person',
      // An operation such as `removed/3` is unique within its connection only.
      dedupeKey: `${commit.connectionId}/${commit.operationId}`,
    },
  ];
}

export type ConnectionActivities = ReturnType<typeof createConnectionActivities>;
