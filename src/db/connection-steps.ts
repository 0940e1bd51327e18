import { NEW_CONNECTION, stepConnection, type ConnectionState, type FenceMove } from '../domain/connection.ts';
import { addMs } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import { recordAudit, recordedVersion } from './audit.ts';
import { requireOpenGate } from './connections.ts';
import { eraseLinks, eraseUnfedProfiles } from './erase-links.ts';
import { markDone } from './intents.ts';
import { lockInstanceShared } from './locks.ts';
import { enqueue, type OutboxMessage } from './outbox.ts';
import type { Client } from './pool.ts';

export interface ConnectionCommit {
  connectionId: string;
  /** Makes the step safe to run again. */
  operationId: string;
  action: string;
  actor: string;
  asOf: string;
  next: ConnectionState;
  fence: FenceMove;
  restoreWindowMs: number;
  /** Intents that this step takes up. */
  intents?: string[];
  outbox?: Omit<OutboxMessage, 'at'>[];
  detail?: Record<string, unknown>;
}

export interface Committed {
  version: number;
  generation: number;
  restoreUntil: string | null;
  /** The operation was committed long ago, and others since: nothing was written now, and `next` did not happen. */
  stale: boolean;
}

interface Fences {
  generation: number;
  version: number;
  restore_until: Date | null;
  erased_at: Date | null;
  instance_id: string;
}

/** Locks in two statements: first the instance, then the row, so that the row is read after the wait. */
export async function lockConnection(tx: Client, connectionId: string): Promise<Fences> {
  const instance = await tx.query<{ instance_id: string }>('select instance_id from connection where id = $1', [
    connectionId,
  ]);
  if (!instance.rows[0]) throw new DomainError('not_found');
  await lockInstanceShared(tx, instance.rows[0].instance_id);
  const { rows } = await tx.query<Fences>(
    'select generation, restore_until, erased_at, instance_id, version from connection where id = $1 for update',
    [connectionId],
  );
  return rows[0]!;
}

/**
 * One step of a connection: fence, projection, audit, intents and messages in one transaction.
 * @throws DomainError sharing_off, sharing_paused, turning_off, window_lapsed, removing (an accepted removal waits), not_found,
 * fence_moved (what was observed does not stand any more)
 */
export async function commitConnection(tx: Client, commit: ConnectionCommit): Promise<Committed> {
  const fences = await lockConnection(tx, commit.connectionId);
  const done = await recordedVersion(tx, commit.connectionId, commit.operationId);
  if (done !== undefined) {
    const restoreUntil = fences.restore_until?.toISOString() ?? null;
    return { version: done, generation: fences.generation, restoreUntil, stale: done !== fences.version };
  }
  if (fences.erased_at && commit.next.status !== 'ended') throw new DomainError('not_found');
  if (commit.fence === 'enter') await enter(tx, commit, fences);
  if (commit.fence === 'change_profile') await changeProfile(tx, commit.connectionId);
  if (commit.fence === 'close') {
    await requireSighting(tx, commit);
    await closeFence(tx, commit.connectionId, addMs(commit.asOf, commit.restoreWindowMs));
  }
  const row = await recordStep(tx, commit);
  await markDone(tx, commit.intents ?? [], commit.asOf);
  await enqueue(
    tx,
    (commit.outbox ?? []).map((message) => ({ ...message, at: commit.asOf })),
  );
  return row;
}

async function enter(tx: Client, commit: ConnectionCommit, fences: Fences): Promise<void> {
  const generation = await requireOpenGate(tx, fences.instance_id);
  if (fences.restore_until && fences.restore_until.toISOString() <= commit.asOf) throw new DomainError('window_lapsed');
  const waiting = await tx.query('select 1 from intent where subject_id = $1 and done_at is null', [
    commit.connectionId,
  ]);
  if (waiting.rowCount) throw new DomainError('removing');
  await refuseOvertaken(tx, commit, fences.instance_id);
  await tx.query(
    `update connection set generation = generation + 1, sharing_generation = $2, restore_until = null,
       cohort_generation = null, open_read = null, own_read_at = null where id = $1`,
    [commit.connectionId, generation],
  );
  await tx.query('delete from sighting where connection_id = $1', [commit.connectionId]);
}

/** An act that arrives late, after a removal that was accepted later than it was asked, starts nothing again. */
async function refuseOvertaken(
  tx: Client,
  { connectionId, asOf }: ConnectionCommit,
  instanceId: string,
): Promise<void> {
  const { rowCount } = await tx.query(
    `select 1 from instance where id = $2 and closed_at > $3
     union all select 1 from audit where subject_id = $1 and at > $3
       and action in ('connection.opt_out_accepted', 'connection.forget_accepted')`,
    [connectionId, instanceId, asOf],
  );
  if (rowCount) throw new DomainError('fence_moved');
}

/** What was seen may have lifted since the workflow looked, or a run that is under way may have seen it anew and judges first. */
async function requireSighting(tx: Client, { connectionId, next }: ConnectionCommit): Promise<void> {
  const { rowCount } = await tx.query(
    'select 1 from sighting where connection_id = $1 and cause = any($2) and woken_at is not null for update',
    [connectionId, next.causes],
  );
  if (rowCount === 0) throw new DomainError('fence_moved');
}

/** From here on no write of an older generation passes; the 90 days start with the first removal. */
async function closeFence(tx: Client, connectionId: string, restoreUntil: string): Promise<number> {
  const { rows } = await tx.query<{ generation: number }>(
    `update connection set generation = generation + 1, open_read = null,
       restore_until = coalesce(restore_until, $2) where id = $1 returning generation`,
    [connectionId, restoreUntil],
  );
  return rows[0]!.generation;
}

type RecordedStep = Pick<
  ConnectionCommit,
  'connectionId' | 'operationId' | 'action' | 'actor' | 'asOf' | 'next' | 'detail'
>;

/** The move's end, and that of a profile that nothing feeds now; where the link was erased meanwhile there is nothing to change. */
async function changeProfile(tx: Client, connectionId: string): Promise<void> {
  const { rows } = await tx.query<{ old_id: string }>(
    `update connection_person m set profile_id = m.next_profile_id, next_profile_id = null from connection_person old
     where m.connection_id = $1 and m.next_profile_id is not null and old.connection_id = m.connection_id
     returning old.profile_id as old_id`,
    [connectionId],
  );
  await eraseUnfedProfiles(
    tx,
    rows.map((row) => row.old_id),
  );
}

/** The audit record, and the projection under its version. */
export async function recordStep(tx: Client, step: RecordedStep): Promise<Committed> {
  const version = await recordAudit(tx, {
    subjectKind: 'connection',
    subjectId: step.connectionId,
    action: step.action,
    actor: step.actor,
    at: step.asOf,
    operationId: step.operationId,
    detail: { to: step.next.status, ...step.detail },
  });
  const { rows } = await tx.query<{ generation: number; restore_until: Date | null }>(
    `update connection set status = $2, causes = $3, consent_version = $4, version = $5,
       consented_at = case when $4::text is null then null
         when $4::text is distinct from consent_version or $7 then $6 else consented_at end,
       sending_since = case when $2 <> 'sending' then null else coalesce(sending_since, $6) end,
       recorded_at = default
     where id = $1 returning generation, restore_until`,
    [
      step.connectionId,
      step.next.status,
      step.next.causes,
      step.next.consentVersion,
      version,
      step.asOf,
      step.action === 'connection.reconnected',
    ],
  );
  const restoreUntil = rows[0]!.restore_until?.toISOString() ?? null;
  return { version, generation: rows[0]!.generation, restoreUntil, stale: false };
}

/** An act of the developer that closes the fence at once and that the workflow takes up. */
export interface ClosingAct {
  connectionId: string;
  kind: 'opt_out' | 'forget' | 'move';
  operationId: string;
  actor: string;
  asOf: string;
  restoreWindowMs: number;
  detail?: Record<string, unknown>;
}

export interface Removal extends ClosingAct {
  kind: 'opt_out' | 'forget';
}

/** Fence, audit record and intent; the caller holds the row's lock. @returns the new generation */
export async function closeForAct(tx: Client, act: ClosingAct): Promise<number> {
  const { connectionId, kind, operationId, actor, asOf } = act;
  const generation = await closeFence(tx, connectionId, addMs(asOf, act.restoreWindowMs));
  await recordAudit(tx, {
    subjectKind: 'connection',
    subjectId: connectionId,
    action: `connection.${kind}_accepted`,
    actor,
    at: asOf,
    operationId,
    detail: { generation, ...act.detail },
  });
  await tx.query(
    'insert into intent (operation_id, kind, subject_id, generation, asked_at) values ($1, $2, $3, $4, $5)',
    [operationId, kind, connectionId, generation, asOf],
  );
  return generation;
}

/**
 * Accepts an opt-out or a forget: fence, audit record and intent in the caller's transaction. From its commit on nothing
 * of the connection can be written and a reader sees the intent. Accepted twice it is accepted once.
 * @throws DomainError not_found
 */
export async function acceptRemoval(
  tx: Client,
  removal: Removal,
): Promise<{ operationId: string; generation: number }> {
  const fences = await lockConnection(tx, removal.connectionId);
  const known = await tx.query<{ operation_id: string; generation: number }>(
    `select operation_id, generation from intent
     where subject_id = $1 and (operation_id = $3 or (kind = $2 and done_at is null))
     order by operation_id = $3 desc limit 1`,
    [removal.connectionId, removal.kind, removal.operationId],
  );
  if (known.rows[0]) return { operationId: known.rows[0].operation_id, generation: known.rows[0].generation };
  if (fences.erased_at) throw new DomainError('not_found');
  const generation = await closeForAct(tx, removal);
  if (removal.kind === 'forget') await eraseLinks(tx, [removal.connectionId], removal.asOf);
  return { operationId: removal.operationId, generation };
}

/** Under this operation a link's end is recorded, by whichever step comes first. */
const LAPSE = 'lapsed';

/**
 * Erases a link whose window has passed, if it still has: a reconnect that was accepted before cleared the clock.
 * @returns whether it was erased now
 */
export async function lapseConnection(tx: Client, connectionId: string, asOf: string): Promise<boolean> {
  const fences = await lockConnection(tx, connectionId);
  if (fences.erased_at || !fences.restore_until || fences.restore_until.toISOString() > asOf) return false;
  await eraseLinks(tx, [connectionId], asOf);
  const { next, action } = stepConnection(NEW_CONNECTION, { type: 'lapse' });
  await recordStep(tx, { connectionId, operationId: LAPSE, action: action!, actor: 'system', asOf, next });
  return true;
}
