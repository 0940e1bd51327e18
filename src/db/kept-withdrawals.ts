import { recordAudit } from './audit.ts';
import { revokeToken } from './api-tokens.ts';
import { eraseUnfedProfiles } from './erase-links.ts';
import { forgetRequester } from './forget-request.ts';
import { inTransaction, type Client, type Pool, type Queryable } from './pool.ts';
import type { By } from './restore-epoch.ts';

/** What people took back, and has no receipt: none of it may come back with a backup either. */
export const WITHDRAWALS = [
  'profile.made_private',
  'profile.erased',
  'token.revoked',
  'request.notes_erased',
  'request.requester_erased',
] as const;

export interface KeptWithdrawal {
  /** Its audit record's number, which is its place in the order of the export. */
  seq: number;
  withdrawal: (typeof WITHDRAWALS)[number];
  subjectId: string;
  at: string;
}

/** As of receipts: whoever is just writing a record is waited for. */
export async function withdrawalHorizon(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ seq: number }>('select audit_horizon() as seq');
  return rows[0]!.seq;
}

export async function withdrawalsBetween(
  db: Queryable,
  after: number,
  horizon: number,
  limit: number,
): Promise<KeptWithdrawal[]> {
  const { rows } = await db.query<Omit<KeptWithdrawal, 'at'> & { at: Date }>(
    `select id as seq, action as withdrawal, subject_id as "subjectId", at from audit
     where id > $1 and id <= $2 and action = any($3) order by id limit $4`,
    [after, horizon, WITHDRAWALS, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Takes it back again, where the backup has it still; what came after it is left alone. @returns whether it had it */
export async function withdrawAgain(pool: Pool, one: KeptWithdrawal, by: By): Promise<boolean> {
  if (one.withdrawal === 'token.revoked') return revokeAgain(pool, one, by);
  if (one.withdrawal === 'request.requester_erased') {
    return (await inTransaction(pool, (tx) => forgetRequester(tx, one.subjectId, by))) !== undefined;
  }
  const again = {
    'profile.made_private': hideProfile,
    'profile.erased': eraseProfile,
    'request.notes_erased': eraseNotes,
  };
  const act = again[one.withdrawal];
  return inTransaction(pool, async (tx) => {
    if (!(await act(tx, one))) return false;
    await recordAudit(tx, {
      subjectKind: one.withdrawal === 'request.notes_erased' ? 'request' : 'profile',
      subjectId: one.subjectId,
      action: one.withdrawal,
      ...by,
      detail: { reapplied: one.at },
    });
    return true;
  });
}

async function hideProfile(tx: Client, { subjectId, at }: KeptWithdrawal): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update profile set visibility = 'private', visibility_at = $2
     where id = $1 and visibility = 'public' and (visibility_at is null or visibility_at < $2)`,
    [subjectId, at],
  );
  return rowCount === 1;
}

/** One that something feeds again was connected since. */
async function eraseProfile(tx: Client, { subjectId }: KeptWithdrawal): Promise<boolean> {
  const before = await tx.query('select 1 from profile where id = $1', [subjectId]);
  await eraseUnfedProfiles(tx, [subjectId]);
  const after = await tx.query('select 1 from profile where id = $1', [subjectId]);
  return before.rowCount !== after.rowCount;
}

async function eraseNotes(tx: Client, { subjectId, at }: KeptWithdrawal): Promise<boolean> {
  const { rowCount } = await tx.query('delete from note where subject_id = $1 and created_at <= $2', [subjectId, at]);
  return (rowCount ?? 0) > 0;
}

async function revokeAgain(pool: Pool, { subjectId }: KeptWithdrawal, { actor, at }: By): Promise<boolean> {
  const { rows } = await pool.query('select 1 from api_token where id = $1 and revoked_at is null', [subjectId]);
  if (rows.length === 0) return false;
  await revokeToken(pool, subjectId, { actor, at: new Date(at) });
  return true;
}
