import { randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import type { SourceIdentity } from '../ports/source.ts';
import { giveBackHeldOf } from './held-tokens.ts';
import type { Client, Queryable } from './pool.ts';
import { toTheSecond } from './api-tokens.ts';

/** Who somebody was is known so long after their last sign-in, so that their notes and proofs stay theirs. */
const IDENTITY_KEPT_MS = 30 * 24 * 3_600_000;

/** What a browser has signed in with so far. */
export interface SignedIn {
  source?: { instanceId: string } & SourceIdentity;
  githubUserId?: number;
  staff?: { issuer: string; subject: string };
}

export interface Session {
  id: string;
  /** Of its cookie. */
  hash: Buffer;
  /** Who acts, once that is known: the id of an identity. */
  identityId: string | undefined;
  kind: 'person' | 'support' | undefined;
  signedIn: SignedIn;
  createdAt: Date;
  seenAt: Date;
  expiresAt: Date;
}

interface Row {
  id: string;
  hash: Buffer;
  identity_id: string | null;
  kind: 'person' | 'support' | null;
  instance_id: string | null;
  source_user_id: number | null;
  source_created_at: Date | null;
  github_user_id: number | null;
  issuer: string | null;
  subject: string | null;
  created_at: Date;
  seen_at: Date;
  expires_at: Date;
}

const SELECT = `select s.id, s.hash, s.identity_id, i.kind, s.instance_id, s.source_user_id, s.source_created_at,
  coalesce(s.github_user_id, i.github_user_id) as github_user_id, i.issuer, i.subject, s.created_at, s.seen_at, s.expires_at
  from session s left join identity i on i.id = s.identity_id`;

function toSession(row: Row): Session {
  const { instance_id: instanceId, source_user_id: userId, source_created_at: created, github_user_id: github } = row;
  return {
    id: row.id,
    hash: row.hash,
    identityId: row.identity_id ?? undefined,
    kind: row.kind ?? undefined,
    signedIn: {
      ...(instanceId !== null &&
        userId !== null &&
        created !== null && { source: { instanceId, userId, createdAt: toTheSecond(created) } }),
      ...(github !== null && { githubUserId: github }),
      ...(row.issuer !== null && row.subject !== null && { staff: { issuer: row.issuer, subject: row.subject } }),
    },
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
  };
}

/** The session of a cookie that has neither ended nor been idle for too long. */
export async function findSession(
  db: Queryable,
  hash: Buffer,
  now: Date,
  idleMs: number,
): Promise<Session | undefined> {
  const { rows } = await db.query<Row>(`${SELECT} where s.hash = $1 and s.expires_at > $2 and s.seen_at > $3`, [
    hash,
    now,
    new Date(now.getTime() - idleMs),
  ]);
  return rows[0] && toSession(rows[0]);
}

export async function touchSession(db: Queryable, id: string, now: Date): Promise<void> {
  await db.query('update session set seen_at = $2 where id = $1 and seen_at < $2', [id, now]);
}

export interface NewSession {
  hash: Buffer;
  signedIn: SignedIn;
  at: Date;
  expiresAt: Date;
  /** The browser's session until now, whose cookie opens nothing any more; and whether it was the same person's. */
  instead: { before: Session; goesOn: boolean } | undefined;
}

/**
 * A sign-in has a cookie of its own. The session of the same person goes on under it: its owner's list names it as before,
 * and so does what is under way in other tabs. One of somebody else ends, with all that was under way in it.
 * @throws DomainError sign_in_invalid where the session before has been ended meanwhile, or has another cookie by now:
 * nothing of it comes back
 */
export async function startSession(tx: Client, wanted: NewSession): Promise<Session> {
  const { hash, signedIn, at, expiresAt, instead } = wanted;
  if (instead) await lockSession(tx, instead.before);
  if (instead && !instead.goesOn) {
    await giveBackHeldOf(tx, [instead.before.id], at);
    await tx.query('delete from session where id = $1', [instead.before.id]);
  }
  const id = instead?.goesOn ? instead.before.id : randomUUID();
  const identityId = await identityOf(tx, signedIn, at);
  const { source, githubUserId } = signedIn;
  await tx.query(
    `insert into session (id, hash, identity_id, instance_id, source_user_id, source_created_at, github_user_id,
       created_at, seen_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
     on conflict (id) do update set hash = excluded.hash, identity_id = excluded.identity_id,
       instance_id = excluded.instance_id, source_user_id = excluded.source_user_id,
       source_created_at = excluded.source_created_at, github_user_id = excluded.github_user_id,
       seen_at = excluded.seen_at, expires_at = excluded.expires_at`,
    [
      id,
      hash,
      identityId ?? null,
      source?.instanceId ?? null,
      source?.userId ?? null,
      source?.createdAt ?? null,
      githubUserId ?? null,
      at,
      expiresAt,
    ],
  );
  const { rows } = await tx.query<Row>(`${SELECT} where s.id = $1`, [id]);
  return toSession(rows[0]!);
}

async function lockSession(tx: Client, { id, hash }: Session): Promise<void> {
  const { rowCount } = await tx.query('select 1 from session where id = $1 and hash = $2 for update', [id, hash]);
  if (rowCount === 0) throw new DomainError('sign_in_invalid');
}

/** Undefined while a person has signed in at one of the two places alone. */
async function identityOf(
  tx: Client,
  { source, githubUserId, staff }: SignedIn,
  at: Date,
): Promise<string | undefined> {
  if (staff) {
    const { rows } = await tx.query<{ id: string }>(
      `insert into identity (id, kind, issuer, subject, github_user_id, created_at, signed_in_at) values ($1, 'support', $2, $3, $4, $5, $5)
       on conflict (issuer, subject) do update
         set github_user_id = coalesce($4, identity.github_user_id), signed_in_at = $5 returning id`,
      [randomUUID(), staff.issuer, staff.subject, githubUserId ?? null, at],
    );
    return rows[0]!.id;
  }
  if (!source || githubUserId === undefined) return undefined;
  const { rows } = await tx.query<{ id: string }>(
    `insert into identity (id, kind, instance_id, source_user_id, source_created_at, github_user_id, created_at, signed_in_at)
     values ($1, 'person', $2, $3, $4, $5, $6, $6)
     on conflict (instance_id, source_user_id, source_created_at, github_user_id) do update set signed_in_at = $6 returning id`,
    [randomUUID(), source.instanceId, source.userId, source.createdAt, githubUserId, at],
  );
  return rows[0]!.id;
}

/** Whoever is forgotten is known no longer than they stay signed in. */
export async function forgetIdentity(
  tx: Queryable,
  person: { instanceId: string; source: SourceIdentity; githubUserId: number },
): Promise<void> {
  const { instanceId, source, githubUserId } = person;
  await tx.query(
    `update identity set signed_in_at = '-infinity' where instance_id = $1 and source_user_id = $2
       and source_created_at = $3 and github_user_id = $4`,
    [instanceId, source.userId, source.createdAt, githubUserId],
  );
}

/** Those of one identity that are still good. */
export async function sessionsOf(db: Queryable, identityId: string, now: Date, idleMs: number): Promise<Session[]> {
  const { rows } = await db.query<Row>(
    `${SELECT} where s.identity_id = $1 and s.expires_at > $2 and s.seen_at > $3 order by s.created_at desc, s.id`,
    [identityId, now, new Date(now.getTime() - idleMs)],
  );
  return rows.map(toSession);
}

/** @returns whether it was there, and theirs */
export async function endSession(db: Queryable, id: string, identityId: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from session where id = $1 and identity_id = $2', [id, identityId]);
  return rowCount === 1;
}

export async function endSessionOf(db: Queryable, hash: Buffer): Promise<void> {
  await db.query('delete from session where hash = $1', [hash]);
}

/** Sessions that are over, and who signed in so long ago that nothing asks for it any more. */
export async function dropOldSessions(db: Queryable, now: Date, idleMs: number): Promise<void> {
  await db.query('delete from session where expires_at <= $1 or seen_at <= $2', [
    now,
    new Date(now.getTime() - idleMs),
  ]);
  await db.query(
    'delete from identity i where signed_in_at < $1 and not exists (select 1 from session s where s.identity_id = i.id)',
    [new Date(now.getTime() - IDENTITY_KEPT_MS)],
  );
}
