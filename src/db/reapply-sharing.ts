import { recordAudit } from './audit.ts';
import { markDone } from './intents.ts';
import { loadInstance } from './instances.ts';
import { putBackReceipts, type KeptReceipt } from './kept-receipts.ts';
import { lockInstanceExclusive } from './locks.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import type { By } from './restore-epoch.ts';
import { applySharing } from './sharing.ts';
import { markVerified, rewind, turnOffBatch, verifyBatch } from './turning-off.ts';

const BATCH = 1000;

/**
 * The latest turning off of an instance, done again after a restore: the gate in one transaction, then every count in
 * batches, read back as zero, then the receipt as it was. What was begun and cut off goes on. An instance that has been
 * turned off since is left alone.
 * @returns how many days of counts were deleted; undefined where there was nothing to do
 */
export async function reapplyTurningOff(
  pool: Pool,
  receipt: KeptReceipt,
  by: By & { restoreWindowMs: number },
): Promise<number | undefined> {
  const { subjectId: instanceId, generation } = receipt;
  if (!(await inTransaction(pool, (tx) => closeGate(tx, receipt, by)))) return undefined;
  do {
    while (await turnOffBatch(pool, instanceId, generation, BATCH, by.restoreWindowMs));
  } while (await countsAreLeft(pool, instanceId, generation));
  return inTransaction(pool, async (tx) => {
    await putBackReceipts(tx, [receipt]);
    await applySharing(tx, instanceId, {
      command: { type: 'verified' },
      actor: by.actor,
      at: by.at,
      operationId: `verified/${generation}`,
      // A verification looks at no loss of GitHub Connect.
      settings: { connectGraceMs: 0, connectLooks: 0 },
    });
    await markVerified(tx, instanceId, generation, receipt.verifiedAt);
    await markDone(tx, [`turn-off/${instanceId}/${generation}`], by.at);
    const { rows } = await tx.query<{ items_deleted: number }>(
      'select items_deleted from turning_off where instance_id = $1 and generation = $2',
      [instanceId, generation],
    );
    return rows[0]!.items_deleted;
  });
}

/** Closed as of the receipt: whoever ticked or connected before it is switched off from here on. */
async function closeGate(tx: Client, receipt: KeptReceipt, by: By): Promise<boolean> {
  const { subjectId: instanceId, generation, cause, askedAt } = receipt;
  await lockInstanceExclusive(tx, instanceId);
  const instance = await loadInstance(tx, instanceId);
  if (!instance || instance.sharing.generation > generation) return false;
  if (instance.sharing.generation === generation) return instance.sharing.status === 'turning_off';
  const endsIn = receipt.endsIn ?? (cause === 'sharing.revoked' ? 'unavailable' : 'off');
  await tx.query(
    `insert into turning_off (instance_id, generation, cause, ends_in, asked_at) values ($1, $2, $3, $4, $5)`,
    [instanceId, generation, cause, endsIn, askedAt],
  );
  await tx.query(
    `update instance set sharing_status = 'turning_off', gate_open = false, sharing_generation = $2, closed_at = $3,
       instance_side = instance_side and $4 = 'sharing.account_side_disabled',
       account_side = account_side and $4 = 'sharing.instance_side_disabled',
       connect_lost_at = null, connect_lost_looks = 0 where id = $1`,
    [instanceId, generation, askedAt, cause],
  );
  const version = await recordAudit(tx, {
    subjectKind: 'sharing',
    subjectId: instanceId,
    action: 'sharing.turning_off_reapplied',
    actor: by.actor,
    at: by.at,
    operationId: `reapplied/${receipt.id}`,
    detail: { from: instance.sharing.status, to: 'turning_off', generation, cause },
  });
  await tx.query('update instance set sharing_version = $2 where id = $1', [instanceId, version]);
  return true;
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
