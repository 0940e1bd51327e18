import type { SourceKind } from '../domain/source-label.ts';
import type { Queryable } from './pool.ts';

export interface StoredToken {
  ciphertext: Buffer;
  keyId: string;
  refreshCiphertext: Buffer | null;
  expiresAt: string | null;
  version: number;
}

interface Row {
  ciphertext: Buffer;
  key_id: string;
  refresh_ciphertext: Buffer | null;
  expires_at: Date | null;
  version: number;
}

const toToken = (row: Row): StoredToken => ({
  ciphertext: row.ciphertext,
  keyId: row.key_id,
  refreshCiphertext: row.refresh_ciphertext,
  expiresAt: row.expires_at?.toISOString() ?? null,
  version: row.version,
});

export async function loadToken(db: Queryable, connectionId: string): Promise<StoredToken | undefined> {
  const { rows } = await db.query<Row>(
    'select ciphertext, key_id, refresh_ciphertext, expires_at, version from connection_token where connection_id = $1',
    [connectionId],
  );
  return rows[0] && toToken(rows[0]);
}

/**
 * Lets one reader at a time refresh a token. It is a stamp in the row, not a lock: nobody else waits for a source, and
 * one that dies holds it no longer than that.
 * @returns what it is given back with; undefined if another has it, or the token is not of that version any more
 */
export async function takeRefreshLease(
  db: Queryable,
  connectionId: string,
  version: number,
  ms: number,
): Promise<string | undefined> {
  const { rows } = await db.query<{ lease: string }>(
    `update connection_token set refresh_until = now() + make_interval(secs => $3)
     where connection_id = $1 and version = $2 and (refresh_until is null or refresh_until < now())
     returning refresh_until::text as lease`,
    [connectionId, version, ms / 1000],
  );
  return rows[0]?.lease;
}

/** @returns whether it was still held: else somebody has stored another token, or is about to */
export async function releaseRefreshLease(
  db: Queryable,
  connectionId: string,
  version: number,
  lease: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update connection_token set refresh_until = null
     where connection_id = $1 and version = $2 and refresh_until = $3::timestamptz`,
    [connectionId, version, lease],
  );
  return rowCount === 1;
}

/** @returns false, and keeps nothing, where the link was erased or another token was stored meanwhile */
export async function storeRefreshed(
  db: Queryable,
  connectionId: string,
  version: number,
  fresh: Omit<StoredToken, 'version'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update connection_token set ciphertext = $3, key_id = $4, refresh_ciphertext = $5, expires_at = $6,
       version = version + 1, refresh_until = null
     where connection_id = $1 and version = $2`,
    [connectionId, version, fresh.ciphertext, fresh.keyId, fresh.refreshCiphertext, fresh.expiresAt],
  );
  return rowCount === 1;
}

export interface DueRevocation {
  connectionId: string;
  instanceId: string;
  ciphertext: Buffer;
  keyId: string;
}

/** Erases at once whatever has been tried for its 7 days, or is of a kind that cannot revoke: no queue is waited for. */
export async function giveUpRevocations(
  db: Queryable,
  asOf: string,
  unrevocable: readonly SourceKind[],
): Promise<void> {
  await db.query(
    `update token_revocation set outcome = 'gave_up', ciphertext = null
     where outcome is null and (give_up_at <= $1 or instance_id in (select id from instance where kind = any($2)))`,
    [asOf, unrevocable],
  );
}

/** Leaves an instance for a while, with all that is due there, so that the others' turn comes. */
export async function postponeRevocations(
  db: Queryable,
  instanceId: string,
  asOf: string,
  retryAt: string,
): Promise<void> {
  await db.query(
    'update token_revocation set next_try_at = $3 where instance_id = $1 and outcome is null and next_try_at <= $2',
    [instanceId, asOf, retryAt],
  );
}

/** Takes the next tokens to revoke, and books the next try, so that a crash in between only delays them. */
export async function takeRevocations(
  db: Queryable,
  asOf: string,
  limit: number,
  retryAt: string,
): Promise<DueRevocation[]> {
  const { rows } = await db.query<{
    connection_id: string;
    instance_id: string;
    ciphertext: Buffer;
    key_id: string;
  }>(
    `update token_revocation set next_try_at = $3, tries = tries + 1 where connection_id in (
       select connection_id from token_revocation where outcome is null and next_try_at <= $1
       order by next_try_at limit $2 for update skip locked)
     returning connection_id, instance_id, ciphertext, key_id`,
    [asOf, limit, retryAt],
  );
  return rows.map((row) => ({
    connectionId: row.connection_id,
    instanceId: row.instance_id,
    ciphertext: row.ciphertext,
    keyId: row.key_id,
  }));
}

/** The ciphertext is erased with the outcome, whichever it is. */
export async function settleRevocation(
  db: Queryable,
  connectionId: string,
  outcome: 'revoked' | 'gave_up' | 'already_invalid',
): Promise<void> {
  await db.query('update token_revocation set outcome = $2, ciphertext = null where connection_id = $1', [
    connectionId,
    outcome,
  ]);
}
