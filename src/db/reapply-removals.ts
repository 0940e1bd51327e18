import { addMs } from '../domain/dates.ts';
import { NEW_CONNECTION, STORED_CAUSES, stepConnection, type StoredCause } from '../domain/connection.ts';
import { lapseConnection, lockConnection, recordStep } from './connection-steps.ts';
import { loadConnection } from './connections.ts';
import { giveUpRevocations } from './connection-tokens.ts';
import { eraseLinks } from './erase-links.ts';
import { putBackReceipts, unknownReceipts, type KeptReceipt } from './kept-receipts.ts';
import { ledger } from './ledger.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import type { By } from './restore-epoch.ts';

/**
 * What receipts of one connection say was removed, done again after a restore, in one transaction: fence, counts, state,
 * link, receipts, audit record. Only generations up to the receipt's: one that has come back since is left alone. Its
 * workflow cannot do it, since none may run before this is through.
 * @returns what became of it
 */
export async function reapplyRemoval(
  tx: Client,
  connectionId: string,
  receipts: KeptReceipt[],
  by: By & { restoreWindowMs: number },
): Promise<'removed' | 'erased' | 'recorded'> {
  const row = await loadConnection(tx, connectionId);
  if (!row) return recorded(tx, receipts);
  const { generation, erased_at: erasedAt } = await lockConnection(tx, connectionId);
  const due = (await unknownReceipts(tx, receipts)).filter((one) => one.generation >= generation);
  if (due.length === 0) return recorded(tx, receipts);
  const last = due.reduce((latest, one) => (one.generation > latest.generation ? one : latest));
  const isForgotten = due.some((one) => one.cause === 'forgotten');
  await ledger.remove(tx, [connectionId]);
  if ((await ledger.left(tx, [connectionId])) > 0) throw new Error('counts were left');
  await putBackReceipts(tx, receipts);
  if (erasedAt) return 'recorded';
  await closeAsOf(tx, connectionId, last, by.restoreWindowMs);
  const state = (await loadConnection(tx, connectionId))!.state;
  const next = isForgotten
    ? stepConnection(NEW_CONNECTION, { type: 'forget' }).next
    : { ...state, status: 'restorable' as const, causes: withCause(state.causes, last.cause) };
  if (isForgotten) {
    await eraseLinks(tx, [connectionId], by.at);
    await tx.query('update intent set done_at = $2 where subject_id = $1 and done_at is null', [connectionId, by.at]);
  }
  await recordStep(tx, {
    connectionId,
    operationId: `reapplied/${last.id}`,
    action: 'connection.removal_reapplied',
    actor: by.actor,
    asOf: by.at,
    next,
    detail: { generation: last.generation, cause: last.cause },
  });
  return isForgotten ? 'erased' : 'removed';
}

async function recorded(tx: Client, receipts: KeptReceipt[]): Promise<'recorded'> {
  await putBackReceipts(tx, receipts);
  return 'recorded';
}

/**
 * The fence as the removal left it. A removal of its own starts the 90 days anew, as whoever it was had come back; a
 * move and a forget do not need that they had.
 */
async function closeAsOf(tx: Client, connectionId: string, last: KeptReceipt, restoreWindowMs: number): Promise<void> {
  const keepsClock = last.cause === 'moved' || last.cause === 'forgotten';
  await tx.query(
    `update connection set generation = $2, open_read = null, cohort_generation = null,
       restore_until = case when $4 then coalesce(restore_until, $3) else $3::timestamptz end where id = $1`,
    [connectionId, last.generation, addMs(last.askedAt, restoreWindowMs), keepsClock],
  );
  await tx.query('delete from sighting where connection_id = $1', [connectionId]);
}

function withCause(causes: StoredCause[], cause: string): StoredCause[] {
  const stored = STORED_CAUSES.find((one) => one === cause);
  return stored === undefined || causes.includes(stored) ? causes : [...causes, stored];
}

const BATCH = 500;

/** Erases again the links whose window has ended, each under its row's lock. @returns how many */
export async function lapseAll(pool: Pool, asOf: string): Promise<number> {
  let erased = 0;
  for (;;) {
    const { rows } = await pool.query<{ id: string }>(
      'select id from connection where restore_until <= $1 and erased_at is null order by id limit $2',
      [asOf, BATCH],
    );
    if (rows.length === 0) break;
    for (const { id } of rows) {
      if (await inTransaction(pool, (tx) => lapseConnection(tx, id, asOf))) erased += 1;
    }
  }
  return erased;
}

/** Erases again the tokens that were given up. */
export async function giveUpTokens(pool: Pool, asOf: string): Promise<void> {
  await giveUpRevocations(pool, asOf, []);
}
