import { stepSharing, type Sharing, type SharingCommand, type SharingSettings } from '../domain/sharing.ts';
import { DomainError } from '../domain/errors.ts';
import { recordAudit, recordedVersion } from './audit.ts';
import { loadInstance, type InstanceRow } from './instances.ts';
import { lockInstanceExclusive } from './locks.ts';
import { enqueue } from './outbox.ts';
import type { Client } from './pool.ts';

/** Reads the instance after its lock was waited for, so that the state is the one that the lock protects. */
async function loadLocked(tx: Client, id: string): Promise<InstanceRow> {
  await lockInstanceExclusive(tx, id);
  const instance = await loadInstance(tx, id);
  if (!instance) throw new DomainError('not_found');
  return instance;
}

export interface SharingAct {
  command: SharingCommand;
  actor: string;
  at: string;
  operationId: string;
  settings: SharingSettings;
}

export interface SharingOutcome {
  sharing: Sharing;
  changed: boolean;
  turnsOff: boolean;
}

/**
 * One transition of an instance's sharing: fence, audit record and, when the gate closes for good, the intent that the
 * turning-off run takes up. Call it inside a transaction.
 * @throws DomainError not_found, sharing_unavailable, turning_off
 */
export async function applySharing(tx: Client, instanceId: string, act: SharingAct): Promise<SharingOutcome> {
  const instance = await loadLocked(tx, instanceId);
  if ((await recordedVersion(tx, instanceId, act.operationId)) !== undefined) {
    return { sharing: instance.sharing, changed: false, turnsOff: instance.sharing.status === 'turning_off' };
  }
  const { next, action, turnsOff } = stepSharing(instance.sharing, act.command, act.settings);
  const before = instance.sharing;
  if (next !== before) await storeSharing(tx, instanceId, next, act, before);
  if (!action) return { sharing: next, changed: false, turnsOff: false };
  const version = await recordAudit(tx, {
    subjectKind: 'sharing',
    subjectId: instanceId,
    action,
    actor: act.actor,
    at: act.at,
    operationId: act.operationId,
    detail: { from: before.status, to: next.status, generation: next.generation },
  });
  await tx.query('update instance set sharing_version = $2 where id = $1', [instanceId, version]);
  if (turnsOff) await openTurningOff(tx, instanceId, next, act, action);
  if (action === 'sharing.revoked' && next.status === 'turning_off' && !turnsOff) {
    await tx.query(`update turning_off set ends_in = 'unavailable' where instance_id = $1 and generation = $2`, [
      instanceId,
      next.generation,
    ]);
  }
  return { sharing: next, changed: true, turnsOff };
}

async function storeSharing(tx: Client, id: string, next: Sharing, act: SharingAct, before: Sharing): Promise<void> {
  const flipped = (side: 'instanceSide' | 'accountSide') => next[side] !== before[side];
  await tx.query(
    `update instance set sharing_status = $2, gate_open = ($2 = 'on'), sharing_generation = $3,
       instance_side = $4, account_side = $5,
       instance_side_by = case when $6 then $8 else instance_side_by end,
       instance_side_at = case when $6 then $9 else instance_side_at end,
       account_side_by = case when $7 then $8 else account_side_by end,
       account_side_at = case when $7 then $9 else account_side_at end,
       closed_at = case when $3 > sharing_generation then $9 else closed_at end,
       connect_lost_at = $10, connect_lost_looks = $11, connect_looked_at = $12
     where id = $1`,
    [
      id,
      next.status,
      next.generation,
      next.instanceSide,
      next.accountSide,
      flipped('instanceSide'),
      flipped('accountSide'),
      act.actor,
      act.at,
      next.connectLostAt ?? null,
      next.connectLostLooks,
      next.connectLookedAt ?? null,
    ],
  );
}

async function openTurningOff(
  tx: Client,
  instanceId: string,
  next: Sharing,
  act: SharingAct,
  action: string,
): Promise<void> {
  await tx.query(
    `insert into turning_off (instance_id, generation, cause, ends_in, asked_at) values ($1, $2, $3, $4, $5)`,
    [instanceId, next.generation, action, next.endsIn, act.at],
  );
  await tx.query(
    `insert into intent (operation_id, kind, subject_id, generation, asked_at) values ($1, 'turn_off', $2, $3, $4)`,
    [`turn-off/${instanceId}/${next.generation}`, instanceId, next.generation, act.at],
  );
  await enqueue(tx, [
    {
      event: 'sharing.turning_off',
      subjectKind: 'instance',
      subjectId: instanceId,
      address: 'site_admins',
      dedupeKey: `turning-off/${instanceId}/${next.generation}`,
      at: act.at,
    },
  ]);
}
