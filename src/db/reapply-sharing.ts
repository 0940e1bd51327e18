import { addMs } from '../domain/dates.ts';
import { recordAudit } from './audit.ts';
import { markDone } from './intents.ts';
import { loadInstance, type InstanceRow } from './instances.ts';
import { putBackReceipts, type KeptReceipt } from './kept-receipts.ts';
import type { KeptAct } from './kept-records.ts';
import { lockInstanceExclusive } from './locks.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import type { By } from './restore-epoch.ts';
import { applySharing } from './sharing.ts';
import { markVerified, rewind, turnOffBatch, verifyBatch } from './turning-off.ts';

const BATCH = 1000;
/** None of what is done here looks at GitHub Connect. */
const SETTINGS = { connectGraceMs: 0, connectLooks: 0 };

/** One end of an instance's sharing, as a receipt or an accepted act tells of it. */
interface Closing {
  instanceId: string;
  generation: number;
  cause: string;
  askedAt: string;
  endsIn: 'off' | 'unavailable';
  told: string;
}

type Reapplying = By & { restoreWindowMs: number };

/**
 * A turning off of an instance, done again after a restore: the gate in one transaction, then every count in batches, read
 * back as zero, then the receipt as it was. What was begun and cut off goes on. An instance that has been turned off since
 * is left alone.
 * @returns how many days of counts were deleted; undefined where there was nothing to do
 */
export async function reapplyTurningOff(pool: Pool, receipt: KeptReceipt, by: Reapplying): Promise<number | undefined> {
  const { subjectId: instanceId, generation, cause, askedAt, id } = receipt;
  const endsIn = receipt.endsIn ?? endOf(cause);
  const closing: Closing = { instanceId, generation, cause, askedAt, endsIn, told: id };
  if (!(await inTransaction(pool, (tx) => closeGate(tx, closing, by)))) return undefined;
  do {
    while (await turnOffBatch(pool, instanceId, generation, BATCH, by.restoreWindowMs));
  } while (await countsAreLeft(pool, instanceId, generation));
  return inTransaction(pool, async (tx) => {
    await putBackReceipts(tx, [receipt]);
    const operationId = `verified/${generation}`;
    const command = { type: 'verified' } as const;
    await applySharing(tx, instanceId, { command, actor: by.actor, at: by.at, operationId, settings: SETTINGS });
    await markVerified(tx, instanceId, generation, receipt.verifiedAt);
    await markDone(tx, [turnOffOperation(instanceId, generation)], by.at);
    const { rows } = await tx.query<{ items_deleted: number }>(
      'select items_deleted from turning_off where instance_id = $1 and generation = $2',
      [instanceId, generation],
    );
    return rows[0]!.items_deleted;
  });
}

/**
 * A turning off that was accepted and not verified yet: the gate is closed again, and the act waits for the worker as it
 * did. Nothing of the instance is shown from here on.
 * @returns whether the gate had to be closed
 */
export async function closeGateAgain(pool: Pool, act: KeptAct, by: Reapplying): Promise<boolean> {
  const { subjectId: instanceId, generation, cause, at: askedAt, seq } = act;
  const closing: Closing = { instanceId, generation, cause, askedAt, endsIn: endOf(cause), told: String(seq) };
  return inTransaction(pool, async (tx) => {
    await lockInstanceExclusive(tx, instanceId);
    const instance = await loadInstance(tx, instanceId);
    if (!instance || instance.sharing.generation >= generation) return false;
    await close(tx, instance, closing, by);
    await tx.query(
      `insert into intent (operation_id, kind, subject_id, generation, asked_at) values ($1, 'turn_off', $2, $3, $4)`,
      [turnOffOperation(instanceId, generation), instanceId, generation, askedAt],
    );
    return true;
  });
}

const endOf = (cause: string) => (cause === 'sharing.revoked' ? 'unavailable' : 'off');
const turnOffOperation = (instanceId: string, generation: number) => `turn-off/${instanceId}/${generation}`;

/** @returns whether counts are to be deleted under this generation */
async function closeGate(tx: Client, closing: Closing, by: Reapplying): Promise<boolean> {
  const { instanceId, generation, endsIn, told } = closing;
  await lockInstanceExclusive(tx, instanceId);
  const instance = await loadInstance(tx, instanceId);
  if (!instance || instance.sharing.generation > generation) return false;
  if (instance.sharing.generation < generation) {
    await close(tx, instance, closing, by);
    return true;
  }
  if (instance.sharing.status !== 'turning_off') return false;
  await endWindows(tx, closing, by);
  if (endsIn === 'unavailable') {
    const command = { type: 'revoke' } as const;
    const operationId = `reapplied/${told}`;
    await applySharing(tx, instanceId, { command, actor: by.actor, at: by.at, operationId, settings: SETTINGS });
  }
  return true;
}

/** Closed as of then: whoever ticked or connected before it is switched off from here on. */
async function close(tx: Client, instance: InstanceRow, closing: Closing, by: Reapplying): Promise<void> {
  const { instanceId, generation, cause, endsIn, askedAt, told } = closing;
  await tx.query(
    `insert into turning_off (instance_id, generation, cause, ends_in, asked_at) values ($1, $2, $3, $4, $5)`,
    [instanceId, generation, cause, endsIn, askedAt],
  );
  await tx.query(
    `update instance set sharing_status = 'turning_off', gate_open = false, sharing_generation = $2, closed_at = $3,
       instance_side = instance_side and $4 = 'sharing.account_side_disabled' and $5 = 'off',
       account_side = account_side and $4 = 'sharing.instance_side_disabled' and $5 = 'off',
       connect_lost_at = null, connect_lost_looks = 0 where id = $1`,
    [instanceId, generation, askedAt, cause, endsIn],
  );
  await endWindows(tx, closing, by);
  const version = await recordAudit(tx, {
    subjectKind: 'sharing',
    subjectId: instanceId,
    action: 'sharing.turning_off_reapplied',
    actor: by.actor,
    at: by.at,
    operationId: `reapplied/${told}`,
    detail: { from: instance.sharing.status, to: 'turning_off', generation, cause, askedAt },
  });
  await tx.query('update instance set sharing_version = $2 where id = $1', [instanceId, version]);
}

/**
 * Nobody's window ends later than that of whom this switched off: whether someone who was removed later had come back since
 * cannot be told, and a link that was erased must not be here again.
 */
async function endWindows(tx: Client, { instanceId, generation, askedAt }: Closing, by: Reapplying): Promise<void> {
  await tx.query(
    `update connection set restore_until = $3 where instance_id = $1 and restore_until > $3 and erased_at is null
       and coalesce(sharing_generation, joined_generation) < $2`,
    [instanceId, generation, addMs(askedAt, by.restoreWindowMs)],
  );
}

/** Reads every connection back through the public read; where counts are left the deletion begins anew. */
async function countsAreLeft(pool: Pool, instanceId: string, generation: number): Promise<boolean> {
  let after: string | null = null;
  let left = 0;
  do {
    const step: { last: string | null; left: number } = await verifyBatch(pool, instanceId, generation, after, BATCH);
    left += step.left;
    after = step.last;
  } while (after !== null);
  if (left > 0) await rewind(pool, instanceId, generation);
  return left > 0;
}
