import { recordAudit } from './audit.ts';
import { revokeToken } from './api-tokens.ts';
import { eraseUnfedProfiles } from './erase-links.ts';
import { forgetRequester } from './forget-request.ts';
import type { KeptWithdrawal } from './kept-records.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import type { By } from './restore-epoch.ts';

/** Takes it back again, where the backup has it still; what came after it is left alone. @returns whether it had it */
export async function withdrawAgain(pool: Pool, one: KeptWithdrawal, by: By): Promise<boolean> {
  if (one.withdrawal === 'token.revoked') return revokeAgain(pool, one, by);
  if (one.withdrawal === 'request.requester_erased') {
    return (await inTransaction(pool, (tx) => forgetRequester(tx, one.subjectId, by))) !== undefined;
  }
  const act =
    one.withdrawal === 'profile.made_private'
      ? hideProfile
      : one.withdrawal === 'profile.erased'
        ? eraseProfile
        : eraseNotes;
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
