import { randomUUID } from 'node:crypto';
import { registerAccount } from '../../src/db/accounts.ts';
import { insertInstance } from '../../src/db/instances.ts';
import { applySharing } from '../../src/db/sharing.ts';
import { inTransaction, type Pool } from '../../src/db/pool.ts';
import type { SharingCommand } from '../../src/domain/sharing.ts';
import type { TokenCipher } from '../../src/ports/token-cipher.ts';

/** A developer who sends; `user` is their id at the instance. */
export interface Developer {
  id: string;
  user: number;
}

/** An instance that shares, and who sends from it. */
export interface Population {
  instanceId: string;
  developers: Developer[];
}

export const CREATED_AT = '2020-01-01T00:00:00Z';
export const githubUserOf = (user: number): number => 1_000_000 + user;

const BATCH = 2_000;
const SETTINGS = { connectGraceMs: 86_400_000, connectLooks: 3 };

/** @param first the first user id; each user belongs to one instance only, since a profile is theirs alone */
export async function createPopulation(
  pool: Pool,
  cipher: TokenCipher,
  at: { hostname: string; baseUrl: string },
  { first, size }: { first: number; size: number },
): Promise<Population> {
  const instanceId = await createInstance(pool, at);
  const developers = Array.from({ length: size }, (_, index) => ({ id: randomUUID(), user: first + index }));
  for (let start = 0; start < size; start += BATCH) {
    await insertDevelopers(pool, cipher, instanceId, developers.slice(start, start + BATCH));
  }
  await pool.query('vacuum analyze');
  return { instanceId, developers };
}

async function createInstance(
  pool: Pool,
  { hostname, baseUrl }: { hostname: string; baseUrl: string },
): Promise<string> {
  const id = randomUUID();
  const at = new Date().toISOString();
  const account = await registerAccount(
    pool,
    { kind: 'organization', slug: 'bench', seal: undefined },
    { actor: 'bench', at, operationId: randomUUID() },
  );
  await insertInstance(pool, { id, hostname, kind: 'ghes', baseUrl, accountId: account.id, allowHttpLoopback: true });
  const commands: SharingCommand[] = [
    { type: 'approve' },
    { type: 'switch', side: 'instance', on: true },
    { type: 'switch', side: 'account', on: true },
  ];
  for (const command of commands) {
    const act = { command, actor: 'bench', at, operationId: randomUUID(), settings: SETTINGS };
    await inTransaction(pool, (tx) => applySharing(tx, id, act));
  }
  return id;
}

/** Set-wise, since 20,000 connects one by one would take longer than all that is measured. */
async function insertDevelopers(
  pool: Pool,
  cipher: TokenCipher,
  instanceId: string,
  developers: Developer[],
): Promise<void> {
  const ids = developers.map(({ id }) => id);
  const users = developers.map(({ user }) => user);
  const tokens = developers.map(({ id, user }) => cipher.seal(`bench-${user}`, id));
  await inTransaction(pool, async (tx) => {
    await tx.query(
      `insert into connection (id, instance_id, joined_generation, sharing_generation, status, consent_version,
         consented_at, sending_since, created_at)
       select c.id, i.id, i.sharing_generation, i.sharing_generation, 'sending', '1', now(), now(), now()
       from unnest($2::uuid[]) as c (id) join instance i on i.id = $1`,
      [instanceId, ids],
    );
    const profiles = await tx.query<{ id: string; github_user_id: number }>(
      `insert into profile (id, github_user_id) select gen_random_uuid(), github_user_id
       from unnest($1::bigint[]) as p (github_user_id) returning id, github_user_id`,
      [users.map(githubUserOf)],
    );
    const profileOf = new Map(profiles.rows.map((row) => [row.github_user_id, row.id]));
    await tx.query(
      `insert into connection_person (connection_id, instance_id, source_user_id, source_created_at, profile_id)
       select p.id, $1, p.source_user, $4, p.profile
       from unnest($2::uuid[], $3::bigint[], $5::uuid[]) as p (id, source_user, profile)`,
      [instanceId, ids, users, CREATED_AT, users.map((user) => profileOf.get(githubUserOf(user)))],
    );
    await tx.query(
      `insert into connection_token (connection_id, ciphertext, key_id)
       select * from unnest($1::uuid[], $2::bytea[], $3::text[])`,
      [ids, tokens.map(({ ciphertext }) => ciphertext), tokens.map(({ keyId }) => keyId)],
    );
  });
}
