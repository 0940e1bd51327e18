import type { SharingCommand } from '../domain/sharing.ts';
import { loadInstance } from './instances.ts';
import type { KeptWithdrawal } from './kept-records.ts';
import { lockInstanceExclusive } from './locks.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import type { By } from './restore-epoch.ts';
import { applySharing } from './sharing.ts';

/** What takes back of sharing without ending a generation, and what gives the same again. */
const SIDES: Readonly<Record<string, { command: SharingCommand; given: string }>> = {
  'sharing.instance_side_disabled': {
    command: { type: 'switch', side: 'instance', on: false },
    given: 'sharing.instance_side_enabled',
  },
  'sharing.account_side_disabled': {
    command: { type: 'switch', side: 'account', on: false },
    given: 'sharing.account_side_enabled',
  },
  'sharing.revoked': { command: { type: 'revoke' }, given: 'sharing.made_available' },
};

/**
 * A side that was switched off while sharing was off, or access that was revoked then, taken back again. What was turned
 * off or given since is left alone. @returns whether it was there
 */
export async function withdrawSharing(pool: Pool, one: KeptWithdrawal, { actor, at }: By): Promise<boolean> {
  const { command, given } = SIDES[one.withdrawal]!;
  return inTransaction(pool, async (tx) => {
    await lockInstanceExclusive(tx, one.subjectId);
    const sharing = (await loadInstance(tx, one.subjectId))?.sharing;
    if (!sharing || sharing.status === 'unavailable' || sharing.generation > one.generation!) return false;
    if (await wasGivenSince(tx, one, given)) return false;
    const settings = { connectGraceMs: 0, connectLooks: 0 };
    const act = { command, actor, at, operationId: `reapplied/${one.seq}`, settings };
    return (await applySharing(tx, one.subjectId, act)).changed;
  });
}

/** Numbers of records are in their order, also over a restore. */
async function wasGivenSince(tx: Queryable, { subjectId, seq }: KeptWithdrawal, given: string): Promise<boolean> {
  const { rowCount } = await tx.query('select 1 from audit where subject_id = $1 and id > $2 and action = $3 limit 1', [
    subjectId,
    seq,
    given,
  ]);
  return rowCount !== 0;
}
