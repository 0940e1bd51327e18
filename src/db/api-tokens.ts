import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import type { SourceIdentity } from '../ports/source.ts';
import { recordAudit } from './audit.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** Who a person is at both ends. */
export interface TokenPerson {
  instanceId: string;
  source: SourceIdentity;
  githubUserId: number;
}
export type TokenOwner =
  | { role: 'operator' }
  /** `githubUserId` keeps whoever it is from deciding a request of their own. */
  | { role: 'support'; githubUserId: number }
  | { role: 'person'; person: TokenPerson };
export type StoredToken = TokenOwner & { id: string };

interface Row {
  id: string;
  role: 'operator' | 'support' | 'person';
  instance_id: string | null;
  source_user_id: number | null;
  source_created_at: Date | null;
  github_user_id: number | null;
}

/** The owner of a token that is not revoked, by the SHA-256 of its text. */
export async function findToken(db: Queryable, hash: Buffer): Promise<StoredToken | undefined> {
  const { rows } = await db.query<Row>(
    `select id, role, instance_id, source_user_id, source_created_at, github_user_id
     from api_token where hash = $1 and revoked_at is null`,
    [hash],
  );
  const row = rows[0];
  if (!row) return undefined;
  if (row.role === 'operator') return { id: row.id, role: row.role };
  if (row.role === 'support') {
    return { id: row.id, role: row.role, githubUserId: row.github_user_id! };
  }
  const source = { userId: row.source_user_id!, createdAt: toTheSecond(row.source_created_at!) };
  return {
    id: row.id,
    role: 'person',
    person: { instanceId: row.instance_id!, source, githubUserId: row.github_user_id! },
  };
}

export interface NewToken {
  name: string;
  owner: TokenOwner;
  actor: string;
  at: Date;
}

/** Makes a token. Its text is returned this once and kept nowhere. */
export async function createToken(pool: Pool, wanted: NewToken): Promise<{ id: string; token: string }> {
  const id = randomUUID();
  const token = `uc_${randomBytes(32).toString('base64url')}`;
  const { owner } = wanted;
  const person = owner.role === 'person' ? owner.person : undefined;
  const githubUserId = owner.role === 'support' ? owner.githubUserId : person?.githubUserId;
  await inTransaction(pool, async (tx) => {
    await tx.query(
      `insert into api_token
         (id, hash, role, instance_id, source_user_id, source_created_at, github_user_id, name, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        createHash('sha256').update(token).digest(),
        owner.role,
        person?.instanceId ?? null,
        person?.source.userId ?? null,
        person?.source.createdAt ?? null,
        githubUserId ?? null,
        wanted.name,
        wanted.at,
      ],
    );
    await auditToken(tx, id, 'token.created', wanted);
  });
  return { id, token };
}

export interface ListedToken {
  id: string;
  role: string;
  name: string;
  createdAt: string;
  revokedAt: string | null;
}

export async function listTokens(db: Queryable): Promise<ListedToken[]> {
  const { rows } = await db.query<{
    id: string;
    role: string;
    name: string;
    created_at: Date;
    revoked_at: Date | null;
  }>('select id, role, name, created_at, revoked_at from api_token order by created_at, id');
  return rows.map((row) => ({
    id: row.id,
    role: row.role,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }));
}

/** Ends a token and erases who it was of. Revoking twice is revoking once. @throws DomainError not_found */
export async function revokeToken(pool: Pool, id: string, by: { actor: string; at: Date }): Promise<void> {
  await inTransaction(pool, async (tx) => {
    const known = await tx.query<{ revoked_at: Date | null }>(
      'select revoked_at from api_token where id = $1 for update',
      [id],
    );
    if (!known.rows[0]) throw new DomainError('not_found', 'There is no token with this id.');
    if (known.rows[0].revoked_at) return;
    await revokeTokenIn(tx, id, { actor: by.actor, at: by.at.toISOString() });
  });
}

/** @param name what it is called from now on, where its label may say whose it was */
export async function revokeTokenIn(
  tx: Queryable,
  id: string,
  by: { actor: string; at: string },
  name?: string,
): Promise<void> {
  await tx.query(
    `update api_token set revoked_at = $2, instance_id = null, source_user_id = null, source_created_at = null,
       github_user_id = null, name = coalesce($3, name) where id = $1`,
    [id, by.at, name ?? null],
  );
  await recordAudit(tx, { subjectKind: 'token', subjectId: id, action: 'token.revoked', ...by });
}

async function auditToken(tx: Queryable, id: string, action: string, by: { actor: string; at: Date }): Promise<void> {
  await recordAudit(tx, { subjectKind: 'token', subjectId: id, action, actor: by.actor, at: by.at.toISOString() });
}

/** A source's creation times are whole seconds. */
export function toTheSecond(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
