import { NEW_CONNECTION, STORED_CAUSES, stepConnection, type StoredCause } from '../domain/connection.ts';
import { sinceReturn, windowEnd, type Close } from '../domain/window-end.ts';
import { lapseConnection, lockConnection, recordStep } from './connection-steps.ts';
import { loadConnection } from './connections.ts';
import { giveUpRevocations } from './connection-tokens.ts';
import { eraseLinks } from './erase-links.ts';
import { putBackReceipts, unknownReceipts, type KeptReceipt } from './kept-receipts.ts';
import type { KeptAct } from './kept-records.ts';
import { ledger } from './ledger.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import { insertReceipt } from './removals.ts';
import type { By } from './restore-epoch.ts';

interface Removal extends Close {
  cause: string;
  /** What tells of it, for the record. */
  told: string;
  hasReceipt: boolean;
}

/**
 * What receipts of one connection, and acts that had none yet, say was removed, done again after a restore, in one
 * transaction: fence, counts, state, link, receipts, audit record. Only what is past the generation that the backup has: a
 * connection that has come back since is left alone. Its workflow cannot do it, since none may run before this is through.
 * @returns what became of it
 */
export async function reapplyRemoval(
  tx: Client,
  connectionId: string,
  kept: readonly (KeptReceipt | KeptAct)[],
  by: By & { restoreWindowMs: number; publicCacheMs: number },
): Promise<'removed' | 'erased' | 'recorded'> {
  const receipts = kept.filter((one) => 'scope' in one);
  const row = await loadConnection(tx, connectionId);
  if (!row) return recorded(tx, receipts);
  const { generation, restore_until: end, erased_at: erasedAt } = await lockConnection(tx, connectionId);
  const acts = kept.filter((one) => 'act' in one).filter((one) => one.generation > generation);
  const due = (await unknownReceipts(tx, receipts)).filter((one) => one.generation >= generation);
  const removals = inOrder(due, acts);
  const last = removals.at(-1);
  if (!last) return recorded(tx, receipts);
  const { items } = await ledger.remove(tx, [connectionId]);
  if ((await ledger.left(tx, [connectionId])) > 0) throw new Error('counts were left');
  await putBackReceipts(tx, receipts);
  if (erasedAt) return 'recorded';
  if (!last.hasReceipt) {
    const { told: _told, hasReceipt: _hasReceipt, ...asked } = last;
    const verified = { verifiedAt: by.at, itemsDeleted: items, publicCacheMs: by.publicCacheMs };
    await insertReceipt(tx, { scope: 'connection', subjectId: connectionId, ...asked, ...verified });
  }
  const known = { generation, restoreUntil: end?.toISOString() ?? null };
  await closeAsOf(tx, connectionId, last.generation, windowEnd(known, removals, by.restoreWindowMs));
  const state = (await loadConnection(tx, connectionId))!.state;
  const isForgotten = removals.some((one) => one.cause === 'forgotten');
  const next = isForgotten
    ? stepConnection(NEW_CONNECTION, { type: 'forget' }).next
    : { ...state, status: 'restorable' as const, causes: causesAfter(state.causes, generation, removals) };
  if (isForgotten) {
    await forgetWhoItWas(tx, connectionId);
    await eraseLinks(tx, [connectionId], by.at);
    await tx.query('update intent set done_at = $2 where subject_id = $1 and done_at is null', [connectionId, by.at]);
  }
  await recordStep(tx, {
    connectionId,
    operationId: `reapplied/${last.told}`,
    action: 'connection.removal_reapplied',
    actor: by.actor,
    asOf: by.at,
    next,
    detail: { generation: last.generation, cause: last.cause },
  });
  return isForgotten ? 'erased' : 'removed';
}

/** As a forget is accepted: whoever it was is known no longer than they stay signed in. */
async function forgetWhoItWas(tx: Client, connectionId: string): Promise<void> {
  await tx.query(
    `update identity i set signed_in_at = '-infinity' from connection_person m, profile p
     where m.connection_id = $1 and p.id = m.profile_id and i.instance_id = m.instance_id
       and i.source_user_id = m.source_user_id and i.source_created_at = m.source_created_at
       and i.github_user_id = p.github_user_id`,
    [connectionId],
  );
}

/** Where a removal has both, its receipt tells of it. */
function inOrder(receipts: KeptReceipt[], acts: KeptAct[]): Removal[] {
  const byGeneration = new Map<number, Removal>();
  for (const { seq, generation, at, cause } of acts) {
    byGeneration.set(generation, { generation, askedAt: at, cause, told: String(seq), hasReceipt: false });
  }
  for (const { id, generation, askedAt, cause } of receipts) {
    byGeneration.set(generation, { generation, askedAt, cause, told: id, hasReceipt: true });
  }
  return [...byGeneration.values()].toSorted((a, b) => a.generation - b.generation);
}

async function recorded(tx: Client, receipts: KeptReceipt[]): Promise<'recorded'> {
  await putBackReceipts(tx, receipts);
  return 'recorded';
}

/** The fence as the last removal left it. */
async function closeAsOf(tx: Client, connectionId: string, generation: number, end: string | null): Promise<void> {
  await tx.query(
    `update connection set generation = $2, open_read = null, cohort_generation = null, restore_until = $3 where id = $1`,
    [connectionId, generation, end],
  );
  await tx.query('delete from sighting where connection_id = $1', [connectionId]);
}

/** Coming back clears what stood against it. */
function causesAfter(known: StoredCause[], generation: number, removals: Removal[]): StoredCause[] {
  const { cameBack, closes } = sinceReturn(generation, removals);
  const stored = closes.flatMap(({ cause }) => STORED_CAUSES.find((one) => one === cause) ?? []);
  return [...new Set([...(cameBack ? [] : known), ...stored])];
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
