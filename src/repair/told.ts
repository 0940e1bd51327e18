import { unknownReceipts, type KeptReceipt } from '../db/kept-receipts.ts';
import { unknownActs, type KeptAct, type KeptRecord, type KeptWithdrawal } from '../db/kept-records.ts';
import type { Pool } from '../db/pool.ts';
import { withdrawAgain } from '../db/reapply-withdrawals.ts';
import type { By } from '../db/restore-epoch.ts';

export type KeptLine = KeptReceipt | KeptRecord;

/** What was kept of one instance: how sharing ended, and what was taken back of it in between, in this order. */
export type InstanceStep = KeptReceipt | KeptAct | KeptWithdrawal;

/** What was kept apart and the database does not know, by its subject. */
export interface Told {
  connections: Map<string, (KeptReceipt | KeptAct)[]>;
  instances: Map<string, InstanceStep[]>;
  read: number;
  putBack: number;
  /** Done while it was read: of people and requests, which depend on nothing else. */
  withdrawn: number;
}

/** Receipts that the database has are of deletions that it has, too: only the others are kept in mind. */
export async function readKept(pool: Pool, lines: AsyncIterable<KeptLine[]>, by: By): Promise<Told> {
  const told: Told = { connections: new Map(), instances: new Map(), read: 0, putBack: 0, withdrawn: 0 };
  for await (const batch of lines) {
    const receipts = batch.filter((one) => 'scope' in one);
    told.read += receipts.length;
    for (const one of await unknownReceipts(pool, receipts)) {
      // One that was put back by an earlier restore is in the file twice.
      if (!addTo(one.scope === 'instance' ? told.instances : told.connections, one)) continue;
      told.putBack += 1;
    }
    for (const act of await unknownActs(
      pool,
      batch.filter((one) => 'act' in one),
    )) {
      addTo(act.act === 'turn_off' ? told.instances : told.connections, act);
    }
    for (const one of batch.filter((line) => 'withdrawal' in line)) {
      if (one.generation !== null) addTo(told.instances, one);
      else if (await withdrawAgain(pool, one, by)) told.withdrawn += 1;
    }
  }
  for (const [id, steps] of told.instances) told.instances.set(id, inOrder(steps));
  return told;
}

/** @returns whether it was not there */
function addTo<Line extends InstanceStep>(map: Map<string, Line[]>, one: Line): boolean {
  const theirs = map.get(one.subjectId) ?? [];
  const isSame = (other: Line) => kindOf(other) === kindOf(one) && other.generation === one.generation;
  if (!('withdrawal' in one) && theirs.some(isSame)) return false;
  map.set(one.subjectId, [...theirs, one]);
  return true;
}

const kindOf = (one: InstanceStep) => ('scope' in one ? 'receipt' : 'act' in one ? 'act' : 'withdrawal');

/** By generation, and in each its end first; where that has a receipt, the receipt tells of it. */
function inOrder(steps: InstanceStep[]): InstanceStep[] {
  const verified = new Set(steps.flatMap((one) => ('scope' in one ? one.generation : [])));
  const isWithdrawal = (one: InstanceStep) => Number('withdrawal' in one);
  return steps
    .filter((one) => !('act' in one) || !verified.has(one.generation))
    .toSorted((a, b) => a.generation! - b.generation! || isWithdrawal(a) - isWithdrawal(b) || a.seq - b.seq);
}
