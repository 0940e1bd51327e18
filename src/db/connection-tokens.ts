import { inTransaction, type Pool, type Queryable } from './pool.ts';

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

/**
 * Refreshes a token under its row's lock, so that two readers spend one refresh token once between them. `refresh` gets
 * the row as it is after the wait; what it returns is stored before anyone uses it, and undefined keeps the row.
 */
export async function refreshLocked(
  pool: Pool,
  connectionId: string,
  refresh: (current: StoredToken) => Promise<Omit<StoredToken, 'version'> | undefined>,
): Promise<StoredToken | undefined> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<Row>(
      'select ciphertext, key_id, refresh_ciphertext, expires_at, version from connection_token where connection_id = $1 for update',
      [connectionId],
    );
    if (!rows[0]) return undefined;
    const current = toToken(rows[0]);
    const fresh = await refresh(current);
    if (!fresh) return current;
    await tx.query(
      `update connection_token set ciphertext = $2, key_id = $3, refresh_ciphertext = $4, expires_at = $5, version = version + 1
       where connection_id = $1`,
      [connectionId, fresh.ciphertext, fresh.keyId, fresh.refreshCiphertext, fresh.expiresAt],
    );
    return { ...fresh, version: current.version + 1 };
  });
}

export interface DueRevocation {
  connectionId: string;
  instanceId: string;
  ciphertext: Buffer;
  keyId: string;
  giveUpAt: string;
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
    give_up_at: Date;
  }>(
    `update token_revocation set next_try_at = $3, tries = tries + 1 where connection_id in (
       select connection_id from token_revocation where outcome is null and next_try_at <= $1
       order by next_try_at limit $2 for update skip locked)
     returning connection_id, instance_id, ciphertext, key_id, give_up_at`,
    [asOf, limit, retryAt],
  );
  return rows.map((row) => ({
    connectionId: row.connection_id,
    instanceId: row.instance_id,
    ciphertext: row.ciphertext,
    keyId: row.key_id,
    giveUpAt: row.give_up_at.toISOString(),
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
