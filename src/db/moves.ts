import { DomainError } from '../domain/errors.ts';
import { closeForAct, lockConnection } from './connection-steps.ts';
import { requireOpenGate } from './connections.ts';
import { openIntents } from './intents.ts';
import type { Client } from './pool.ts';
import { requireFreeProfile } from './profiles.ts';

export interface Move {
  connectionId: string;
  /** Where the counts are to be shown from now on. */
  profileId: string;
  /** The text under which its owner agreed to that. */
  consentVersion: string;
  operationId: string;
  actor: string;
  asOf: string;
  restoreWindowMs: number;
}

/**
 * Accepts a move to another profile: fence, audit record and intent in the caller's transaction. From its commit on
 * nothing of the connection can be written or seen at the old profile; the mapping changes when the deletion is verified.
 * @throws DomainError not_found, removing, window_lapsed, already_connected (it is there), profile_taken, and a closed gate's
 */
export async function acceptMove(tx: Client, move: Move): Promise<{ operationId: string; generation: number }> {
  const { connectionId, profileId, operationId, asOf } = move;
  const fences = await lockConnection(tx, connectionId);
  const known = await tx.query<{ generation: number }>('select generation from intent where operation_id = $1', [
    operationId,
  ]);
  if (known.rows[0]) return { operationId, generation: known.rows[0].generation };
  if (fences.erased_at) throw new DomainError('not_found');
  await requireOpenGate(tx, fences.instance_id);
  if ((await openIntents(tx, connectionId)).length > 0) throw new DomainError('removing');
  if (fences.restore_until && fences.restore_until.toISOString() <= asOf) throw new DomainError('window_lapsed');
  const { rows } = await tx.query<{ profile_id: string }>(
    'select profile_id from connection_person where connection_id = $1',
    [connectionId],
  );
  if (rows[0]?.profile_id === profileId) throw new DomainError('already_connected');
  await requireFreeProfile(tx, fences.instance_id, profileId);
  const { actor, restoreWindowMs, consentVersion } = move;
  const act = { connectionId, operationId, actor, asOf, restoreWindowMs, detail: { consentVersion } };
  const generation = await closeForAct(tx, { ...act, kind: 'move' });
  await tx.query('update connection_person set next_profile_id = $2 where connection_id = $1', [
    connectionId,
    profileId,
  ]);
  return { operationId, generation };
}
