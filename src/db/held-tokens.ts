import type { Queryable } from './pool.ts';

/** Tried so long, then erased: what asks no scope opens nothing that is not public. */
const TRIED_FOR_MS = 7 * 24 * 3_600_000;

export interface HeldToken {
  /** Its ciphertexts are bound to this. */
  id: string;
  /** null: GitHub.com's. */
  instanceId: string | null;
  ciphertext: Buffer;
  refreshCiphertext: Buffer | null;
  keyId: string;
  expiresAt: string | null;
}

/** @param until so long somebody may still want it; after that it is given back */
export async function holdToken(db: Queryable, token: HeldToken, until: Date): Promise<void> {
  await db.query(
    `insert into held_token
       (id, instance_id, ciphertext, refresh_ciphertext, key_id, expires_at, next_try_at, give_up_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      token.id,
      token.instanceId,
      token.ciphertext,
      token.refreshCiphertext,
      token.keyId,
      token.expiresAt,
      until,
      new Date(until.getTime() + TRIED_FOR_MS),
    ],
  );
}

interface Row {
  id: string;
  instance_id: string | null;
  ciphertext: Buffer;
  refresh_ciphertext: Buffer | null;
  key_id: string;
  expires_at: Date | null;
}

const COLUMNS = 'id, instance_id, ciphertext, refresh_ciphertext, key_id, expires_at';

function toToken(row: Row): HeldToken {
  return {
    id: row.id,
    instanceId: row.instance_id,
    ciphertext: row.ciphertext,
    refreshCiphertext: row.refresh_ciphertext,
    keyId: row.key_id,
    expiresAt: row.expires_at?.toISOString() ?? null,
  };
}

/** Takes it out for a connection that is to have it. @returns whether it was there: not one that is being given back */
export async function takeHeldToken(db: Queryable, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await db.query('delete from held_token where id = $1 and tries = 0 and next_try_at > $2', [
    id,
    now,
  ]);
  return rowCount === 1;
}

export async function loadHeldToken(db: Queryable, id: string): Promise<HeldToken | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from held_token where id = $1`, [id]);
  return rows[0] && toToken(rows[0]);
}

/** The next to give back, and books the next try; whatever was tried for its 7 days is erased. */
export async function dueHeldTokens(db: Queryable, now: Date, limit: number, retryAt: Date): Promise<HeldToken[]> {
  await db.query('delete from held_token where give_up_at <= $1', [now]);
  const { rows } = await db.query<Row>(
    `update held_token set next_try_at = $3, tries = tries + 1 where id in (
       select id from held_token where next_try_at <= $1 order by next_try_at limit $2 for update skip locked)
     returning ${COLUMNS}`,
    [now, limit, retryAt],
  );
  return rows.map(toToken);
}

/** What waits to become the token of a connection is given back at once where the sign-in that it waits for ends. */
export async function giveBackHeldOf(db: Queryable, sessionIds: readonly string[], at: Date): Promise<void> {
  await db.query(
    `update held_token set next_try_at = least(next_try_at, $2) where id in (
       select held_token_id from sign_in_flow where session_id = any($1))`,
    [sessionIds, at],
  );
}

export async function dropHeldToken(db: Queryable, id: string): Promise<void> {
  await db.query('delete from held_token where id = $1', [id]);
}
