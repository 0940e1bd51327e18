import type { Places } from '../db/kept-horizon.ts';
import { putBackReceipts } from '../db/kept-receipts.ts';
import { inTransaction, type Pool } from '../db/pool.ts';
import { giveUpTokens, lapseAll, reapplyRemoval } from '../db/reapply-removals.ts';
import { closeGateAgain, reapplyTurningOff } from '../db/reapply-sharing.ts';
import { withdrawSharing } from '../db/reapply-sides.ts';
import { holdDatabase, liftHold, numberAbove, type By } from '../db/restore-epoch.ts';
import type { RepairDeps } from './finding.ts';
import { reconcile, type Reconciled } from './reconcile.ts';
import { readKept, type KeptLine, type Told } from './told.ts';

/** What was kept apart of receipts, accepted acts and withdrawals. */
export interface Kept {
  lines: AsyncIterable<KeptLine[]>;
  /** The highest number that was given to any of them. */
  places: Places;
}

/** What was done; of the deletions, only what this run had to do. */
export interface Reapplied {
  receipts: { read: number; putBack: number };
  connections: { removed: number; erased: number };
  /** `closed`: whose gate is closed again, and whose counts the worker deletes, as it was about to. */
  instances: { turnedOff: number; itemsDeleted: number; closed: number };
  withdrawn: number;
  lapsed: number;
  workflows: Reconciled;
}

type Reapplying = By & { restoreWindowMs: number; publicCacheMs: number };

/**
 * After a restore of either store from an older backup: deletes again what receipts and accepted acts say was deleted,
 * erases again links and tokens whose time is over, and puts every workflow where its row is. PostgreSQL is held from the
 * first moment, and let go when all of it is through; cut off in the midst of it, it stays held and the same again does the
 * rest.
 */
export async function reapplyDeletions(deps: RepairDeps, kept: Kept, actor: string): Promise<Reapplied> {
  const { pool, clock, config } = deps;
  const by = {
    actor,
    at: clock().toISOString(),
    restoreWindowMs: config.RESTORE_WINDOW,
    publicCacheMs: config.PUBLIC_CACHE,
  };
  const epoch = await holdDatabase(pool, by);
  await numberAbove(pool, kept.places);
  const told = await readKept(pool, kept.lines, by);
  const connections = await reapplyConnections(pool, told, by);
  const { withdrawn, ...instances } = await reapplyInstances(pool, told, by);
  const lapsed = await lapseAll(pool, by.at);
  await giveUpTokens(pool, by.at);
  const workflows = await reconcile(deps, actor);
  const receipts = { read: told.read, putBack: told.putBack };
  const outcome = { receipts, connections, instances, withdrawn: told.withdrawn + withdrawn, lapsed, workflows };
  await inTransaction(pool, (tx) => liftHold(tx, epoch.id, { actor, at: clock().toISOString() }, outcome));
  return outcome;
}

/** They come first: a window that one of them begins ends no later than that of an instance that was turned off. */
async function reapplyConnections(pool: Pool, { connections }: Told, by: Reapplying) {
  const done: Reapplied['connections'] = { removed: 0, erased: 0 };
  for (const [id, theirs] of connections) {
    const outcome = await inTransaction(pool, (tx) => reapplyRemoval(tx, id, theirs, by));
    if (outcome !== 'recorded') done[outcome] += 1;
  }
  return done;
}

/** Each turning off of an instance, from the first: whoever never came back has the window of theirs. */
async function reapplyInstances(pool: Pool, { instances }: Told, by: Reapplying) {
  const done: Reapplied['instances'] & { withdrawn: number } = {
    turnedOff: 0,
    itemsDeleted: 0,
    closed: 0,
    withdrawn: 0,
  };
  for (const step of [...instances.values()].flat()) {
    if ('withdrawal' in step) {
      if (await withdrawSharing(pool, step, by)) done.withdrawn += 1;
    } else if ('act' in step) {
      if (await closeGateAgain(pool, step, by)) done.closed += 1;
    } else {
      const itemsDeleted = await reapplyTurningOff(pool, step, by);
      await inTransaction(pool, (tx) => putBackReceipts(tx, [step]));
      if (itemsDeleted === undefined) continue;
      done.turnedOff += 1;
      done.itemsDeleted += itemsDeleted;
    }
  }
  return done;
}
