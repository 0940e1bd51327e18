import { recordAudit } from './audit.ts';
import { revokeTokenIn } from './api-tokens.ts';
import { eraseUnfedProfiles } from './erase-links.ts';
import { giveBackHeldOf } from './held-tokens.ts';
import type { Client, Queryable } from './pool.ts';

/** Who signed in: at an instance, and at GitHub.com. Whatever is tied to either of the two is theirs to have forgotten. */
export interface ForgottenPerson {
  instanceId: string;
  userId: number;
  createdAt: string;
  githubUserId: number;
}

const valuesOf = (person: ForgottenPerson) => [person.instanceId, person.userId, person.createdAt, person.githubUserId];
const IS_THEIRS = `(github_user_id = $4 or instance_id = $1 and source_user_id = $2 and source_created_at = $3)`;

/** Also of other instances: these feed the profile that is to go, and one whose instance is down cannot be signed in at. */
export async function connectionsToForget(db: Queryable, person: ForgottenPerson): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select m.connection_id as id from connection_person m
     where m.instance_id = $1 and m.source_user_id = $2 and m.source_created_at = $3
       or exists (select 1 from profile p where p.id in (m.profile_id, m.next_profile_id) and p.github_user_id = $4)
     order by 1`,
    valuesOf(person),
  );
  return rows.map((row) => row.id);
}

export async function requestsToForget(db: Queryable, person: ForgottenPerson): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from access_request
     where requester_github_user_id = $4
       or instance_id = $1 and requester_source_user_id = $2 and requester_source_created_at = $3
     order by id`,
    valuesOf(person),
  );
  return rows.map((row) => row.id);
}

/**
 * The last step, once connections and requests are forgotten: profile, notes, proofs, kept answers, tokens, identities and
 * sessions, also the one that asks.
 * @returns false, with nothing erased, where a connection came meanwhile: it has to be forgotten first
 */
export async function erasePerson(
  tx: Client,
  person: ForgottenPerson,
  by: { actor: string; at: string },
): Promise<boolean> {
  if (!(await eraseProfile(tx, person, by))) return false;
  const { rows: tokens } = await tx.query<{ id: string }>(
    `select id from api_token where role = 'person' and revoked_at is null and ${IS_THEIRS} order by id`,
    valuesOf(person),
  );
  const { rows: identities } = await tx.query<{ id: string }>(
    `select id from identity where kind = 'person' and ${IS_THEIRS} order by id`,
    valuesOf(person),
  );
  const actors = [...tokens.map(({ id }) => `token:${id}`), ...identities.map(({ id }) => `user:${id}`)];
  await tx.query('delete from note where author = any($1)', [actors]);
  await tx.query('delete from admin_proof where actor = any($1)', [actors]);
  // The request that asks for this keeps its key until its answer is there; without the rest it names nobody.
  await tx.query(`delete from idempotency where caller = any($1) and state = 'done'`, [actors]);
  for (const { id } of tokens) await revokeTokenIn(tx, id, by, 'of somebody who was forgotten');
  await endSessions(tx, person, by.at);
  await tx.query('delete from identity where id = any($1)', [identities.map(({ id }) => id)]);
  return true;
}

async function eraseProfile(tx: Client, { githubUserId }: ForgottenPerson, by: { actor: string; at: string }) {
  const { rows } = await tx.query<{ id: string }>('select id from profile where github_user_id = $1', [githubUserId]);
  const profile = rows[0];
  if (!profile) return true;
  await eraseUnfedProfiles(tx, [profile.id]);
  const left = await tx.query('select 1 from profile where id = $1', [profile.id]);
  if (left.rowCount) return false;
  await recordAudit(tx, { subjectKind: 'profile', subjectId: profile.id, action: 'profile.erased', ...by });
  return true;
}

/** What they had under way ends with them, and the tokens of it are given back. */
async function endSessions(tx: Client, person: ForgottenPerson, at: string): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from session where ${IS_THEIRS}
       or identity_id in (select id from identity where kind = 'person' and ${IS_THEIRS}) for update`,
    valuesOf(person),
  );
  const ids = rows.map(({ id }) => id);
  await giveBackHeldOf(tx, ids, new Date(at));
  await tx.query('delete from session where id = any($1)', [ids]);
}
