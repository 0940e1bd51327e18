import { createHash } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import { inTransaction, type Client, type Pool, type Queryable } from './pool.ts';

const KEPT_MS = 24 * 3_600_000;
/** After this the first request is taken for dead, and the same request goes on in its place. */
const TAKEN_OVER_MS = 60_000;

export interface KeyedRequest {
  caller: string;
  key: string;
  /** Method and path, ids included. */
  route: string;
  bodyHash: Buffer;
  now: Date;
}

export interface StoredAnswer {
  status: number;
  answer: unknown;
  location: string | undefined;
}

export type Claim = { kind: 'run'; updateId: string } | ({ kind: 'replay' } & StoredAnswer);

interface Row {
  route: string;
  body_hash: Buffer;
  update_id: string;
  state: 'in_progress' | 'done';
  status: number | null;
  answer: unknown;
  location: string | null;
  locked_at: Date;
  expires_at: Date;
}

/**
 * Written before the act. A request that died is taken over with the same update id, so that what it had done already
 * is known again and not done twice.
 * @throws DomainError idempotency_key_reused, idempotency_in_progress
 */
export async function claimKey(pool: Pool, request: KeyedRequest): Promise<Claim> {
  return inTransaction(pool, async (tx) => {
    if (await insert(tx, request)) return { kind: 'run', updateId: updateIdOf(request) };
    const row = await lock(tx, request);
    if (row.expires_at <= request.now) return renew(tx, request);
    if (row.route !== request.route || !row.body_hash.equals(request.bodyHash)) {
      throw new DomainError('idempotency_key_reused', 'Use a new Idempotency-Key for a new request. Nothing was done.');
    }
    if (row.state === 'done') {
      return { kind: 'replay', status: row.status!, answer: row.answer, location: row.location ?? undefined };
    }
    const free = row.locked_at.getTime() + TAKEN_OVER_MS;
    if (free > request.now.getTime()) {
      throw new DomainError('idempotency_in_progress', undefined, { retryAt: new Date(free).toISOString() });
    }
    await tx.query('update idempotency set locked_at = $3 where caller = $1 and key = $2', [
      ...nameOf(request),
      request.now,
    ]);
    return { kind: 'run', updateId: row.update_id };
  });
}

/** Keeps the answer, to be given again for 24 hours; the first one, where a request that seemed dead was not. */
export async function keepAnswer(db: Queryable, request: KeyedRequest, kept: StoredAnswer): Promise<void> {
  await db.query(
    `update idempotency set state = 'done', status = $3, answer = $4, location = $5
     where caller = $1 and key = $2 and state = 'in_progress'`,
    [...nameOf(request), kept.status, JSON.stringify(kept.answer ?? null), kept.location ?? null],
  );
}

/**
 * Whether the act happened is not known: the same request may try again at once, under the same update id. Not where
 * another has taken it over meanwhile: that one is under way.
 */
export async function releaseKey(db: Queryable, request: KeyedRequest): Promise<void> {
  await db.query(
    `update idempotency set locked_at = '-infinity'
     where caller = $1 and key = $2 and state = 'in_progress' and locked_at = $3`,
    [...nameOf(request), request.now],
  );
}

/**
 * The act failed for good, and may go better the next time: the same request may try again at once, as a new act. Under
 * the old update id it would be known as the one that failed. Not where another has taken it over meanwhile.
 */
export async function renewKey(db: Queryable, request: KeyedRequest, updateId: string): Promise<void> {
  await db.query(
    `update idempotency set locked_at = '-infinity', update_id = $4
     where caller = $1 and key = $2 and update_id = $3 and state = 'in_progress' and locked_at = $5`,
    [...nameOf(request), updateId, createHash('sha256').update(updateId).digest('base64url'), request.now],
  );
}

export async function dropExpiredKeys(db: Queryable, now: Date): Promise<number> {
  const { rowCount } = await db.query('delete from idempotency where expires_at <= $1', [now]);
  return rowCount ?? 0;
}

async function insert(tx: Client, request: KeyedRequest): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into idempotency (caller, key, route, body_hash, update_id, state, locked_at, expires_at)
     values ($1, $2, $3, $4, $5, 'in_progress', $6, $7) on conflict (caller, key) do nothing`,
    valuesOf(request),
  );
  return rowCount === 1;
}

async function lock(tx: Client, request: KeyedRequest): Promise<Row> {
  const { rows } = await tx.query<Row>(
    `select route, body_hash, update_id, state, status, answer, location, expires_at,
       greatest(locked_at, timestamptz 'epoch') as locked_at
     from idempotency where caller = $1 and key = $2 for update`,
    nameOf(request),
  );
  // Only a clean-up of expired keys takes a row away, between the two statements; the client may simply come again.
  if (!rows[0]) throw new DomainError('idempotency_in_progress');
  return rows[0];
}

async function renew(tx: Client, request: KeyedRequest): Promise<Claim> {
  await tx.query(
    `update idempotency set route = $3, body_hash = $4, update_id = $5, state = 'in_progress', status = null,
       answer = null, location = null, locked_at = $6, expires_at = $7 where caller = $1 and key = $2`,
    valuesOf(request),
  );
  return { kind: 'run', updateId: updateIdOf(request) };
}

function nameOf({ caller, key }: KeyedRequest): [string, string] {
  return [caller, key];
}

function valuesOf(request: KeyedRequest): unknown[] {
  const expires = new Date(request.now.getTime() + KEPT_MS);
  return [...nameOf(request), request.route, request.bodyHash, updateIdOf(request), request.now, expires];
}

// With the time of first use in it: a client that uses its key again after a day means a new act.
function updateIdOf({ caller, key, now }: KeyedRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([caller, key, now.getTime()]))
    .digest('base64url');
}

/** Erases what is kept of a caller's answered requests about a subject. */
export async function dropAnswersAbout(db: Queryable, caller: string, subjectId: string): Promise<void> {
  await db.query(
    `delete from idempotency where caller = $1 and state = 'done'
       and (strpos(route, $2) > 0 or strpos(coalesce(location, ''), $2) > 0 or strpos(coalesce(answer::text, ''), $2) > 0)`,
    [caller, subjectId],
  );
}
