import type { Queryable } from './pool.ts';

/** Ciphertexts of one table that are sealed by one key and bound to one id. */
export interface SealedColumns {
  table: string;
  boundTo: string;
  keyId: string;
  /** The first is there wherever one of them is. */
  ciphertexts: readonly [string, ...string[]];
}

/** Everything that is sealed by TOKEN_KEYS: what is not listed here is not sealed anew when keys change. */
export const SEALED_COLUMNS: readonly SealedColumns[] = [
  {
    table: 'connection_token',
    boundTo: 'connection_id',
    keyId: 'key_id',
    ciphertexts: ['ciphertext', 'refresh_ciphertext'],
  },
  { table: 'held_token', boundTo: 'id', keyId: 'key_id', ciphertexts: ['ciphertext', 'refresh_ciphertext'] },
  { table: 'token_revocation', boundTo: 'connection_id', keyId: 'key_id', ciphertexts: ['ciphertext'] },
  { table: 'account', boundTo: 'id', keyId: 'credential_key_id', ciphertexts: ['credential_ciphertext'] },
  { table: 'instance', boundTo: 'id', keyId: 'credential_key_id', ciphertexts: ['credential_ciphertext'] },
  { table: 'instance', boundTo: 'id', keyId: 'oauth_secret_key_id', ciphertexts: ['oauth_secret_ciphertext'] },
];

export interface KeyUse {
  keyId: string;
  /** How many rows, by table. */
  rows: Record<string, number>;
}

/** Which keys seal what is there now. */
export async function keysInUse(db: Queryable): Promise<KeyUse[]> {
  const each = SEALED_COLUMNS.map(
    ({ table, keyId, ciphertexts: [first] }) =>
      `select '${table}' as "table", ${keyId} as key_id from ${table} where ${first} is not null`,
  );
  const { rows } = await db.query<{ table: string; key_id: string; count: number }>(
    `select "table", key_id, count(*) as count from (${each.join(' union all ')}) as sealed group by 1, 2 order by 2, 1`,
  );
  const used = new Map<string, KeyUse>();
  for (const row of rows) {
    const use = used.get(row.key_id) ?? { keyId: row.key_id, rows: {} };
    use.rows[row.table] = row.count;
    used.set(row.key_id, use);
  }
  return [...used.values()];
}
