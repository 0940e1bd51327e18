import { unknownReceipts, putBackReceipts, type KeptReceipt } from '../db/kept-receipts.ts';
import { withdrawAgain, type KeptWithdrawal } from '../db/kept-withdrawals.ts';
import { inTransaction, type Pool } from '../db/pool.ts';
import { giveUpTokens, lapseAll, reapplyRemoval } from '../db/reapply-removals.ts';
import { reapplyTurningOff } from '../db/reapply-sharing.ts';
import { holdDatabase, liftHold, type By } from '../db/restore-epoch.ts';
import type { RepairDeps } from './finding.ts';
import { reconcile, type Reconciled } from './reconcile.ts';

/** What was done; of the deletions, only what this run had to do. */
export interface Reapplied {
  receipts: { read: number; putBack: number };
  connections: { removed: number; erased: number };
  instances: { turnedOff: number; itemsDeleted: number };
  withdrawn: number;
  lapsed: number;
  workflows: Reconciled;
}

/**
 * After a restore of either store from an older backup: deletes again what receipts say was deleted, erases again links
 * and tokens whose time is over, and puts every workflow where its row is. PostgreSQL is held from the first moment, and
 * let go when all of it is through; cut off in the midst of it, it stays held and the same again does the rest.
 * @param kept what was kept apart of receipts and withdrawals
 */
export async function reapplyDeletions(
  deps: RepairDeps,
  kept: AsyncIterable<(KeptReceipt | KeptWithdrawal)[]>,
  actor: string,
): Promise<Reapplied> {
  const { pool, clock } = deps;
  const by = { actor, at: clock().toISOString(), restoreWindowMs: deps.config.RESTORE_WINDOW };
  const epoch = await holdDatabase(pool, by);
  const done = await reapplyKept(pool, kept, by);
  const lapsed = await lapseAll(pool, by.at);
  await giveUpTokens(pool, by.at);
  const workflows = await reconcile(deps, actor);
  const outcome = { ...done, lapsed, workflows };
  await inTransaction(pool, (tx) => liftHold(tx, epoch.id, { actor, at: clock().toISOString() }, outcome));
  return outcome;
}

/** Receipts that the database has are of deletions that it has, too: only the others are kept in mind. */
async function reapplyKept(
  pool: Pool,
  kept: AsyncIterable<(KeptReceipt | KeptWithdrawal)[]>,
  by: By & { restoreWindowMs: number },
): Promise<Pick<Reapplied, 'receipts' | 'connections' | 'instances' | 'withdrawn'>> {
  const bySubject = new Map<string, KeptReceipt[]>();
  let read = 0;
  let withdrawn = 0;
  for await (const batch of kept) {
    const receipts = batch.filter((one) => 'scope' in one);
    read += receipts.length;
    for (const one of batch) if ('withdrawal' in one && (await withdrawAgain(pool, one, by))) withdrawn += 1;
    for (const one of await unknownReceipts(pool, receipts)) {
      const subject = `${one.scope}/${one.subjectId}`;
      const same = (bySubject.get(subject) ?? []).filter(({ generation }) => generation !== one.generation);
      bySubject.set(subject, [...same, one]);
    }
  }
  const connections = { removed: 0, erased: 0 };
  const instances = { turnedOff: 0, itemsDeleted: 0 };
  // A closed gate comes first: whoever is switched off by it is removed as of it.
  for (const [subject, theirs] of bySubject) {
    if (!subject.startsWith('instance/')) continue;
    const latest = theirs.reduce((last, one) => (one.generation > last.generation ? one : last));
    const itemsDeleted = await reapplyTurningOff(pool, latest, by);
    await inTransaction(pool, (tx) => putBackReceipts(tx, theirs));
    if (itemsDeleted === undefined) continue;
    instances.turnedOff += 1;
    instances.itemsDeleted += itemsDeleted;
  }
  for (const [subject, theirs] of bySubject) {
    if (subject.startsWith('instance/')) continue;
    const outcome = await inTransaction(pool, (tx) => reapplyRemoval(tx, theirs[0]!.subjectId, theirs, by));
    if (outcome !== 'recorded') connections[outcome] += 1;
  }
  const putBack = [...bySubject.values()].reduce((sum, theirs) => sum + theirs.length, 0);
  return { receipts: { read, putBack }, connections, instances, withdrawn };
}
