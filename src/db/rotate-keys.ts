import type { TokenCipher } from '../ports/token-cipher.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import { keysInUse, SEALED_COLUMNS, type KeyUse, type SealedColumns } from './sealed-columns.ts';

export interface Rotated {
  keyId: string;
  /** Rows that were sealed anew, by table. */
  resealed: Record<string, number>;
  /** Rows that no key of the list opens, by table: they are left as they are. */
  unreadable: Record<string, number>;
  /** What is in use when all is done. */
  inUse: KeyUse[];
}

const BATCH = 200;

/**
 * Seals everything anew with the newest key, while the system runs: in short transactions, each on rows that nobody else
 * writes at this moment. What is refreshed meanwhile stays as it was refreshed, and what is moved elsewhere is found there:
 * it goes round until a whole round finds nothing to do. Stopped anywhere, it goes on by being called again.
 */
export async function rotateKeys(pool: Pool, cipher: TokenCipher): Promise<Rotated> {
  const resealed: Record<string, number> = {};
  let unreadable: Record<string, number>;
  let inRound: number;
  do {
    [inRound, unreadable] = [0, {}];
    for (const columns of SEALED_COLUMNS) {
      const done = await rotateColumns(pool, cipher, columns);
      inRound += done.resealed;
      add(resealed, columns.table, done.resealed);
      add(unreadable, columns.table, done.unreadable);
    }
  } while (inRound > 0);
  return { keyId: cipher.keyId, resealed, unreadable, inUse: await keysInUse(pool) };
}

function add(counts: Record<string, number>, table: string, count: number): void {
  if (count > 0) counts[table] = (counts[table] ?? 0) + count;
}

async function rotateColumns(pool: Pool, cipher: TokenCipher, columns: SealedColumns) {
  const done = { resealed: 0, unreadable: 0 };
  for (let after: string | undefined; ;) {
    const batch = await inTransaction(pool, (tx) => rotateBatch(tx, cipher, columns, after));
    done.resealed += batch.resealed;
    done.unreadable += batch.unreadable;
    if (batch.last === undefined) return done;
    after = batch.last;
  }
}

interface SealedRow {
  id: string;
  key_id: string;
  ciphertexts: (Buffer | null)[];
}

/** Rows that somebody else is writing are left out: theirs is newer, and comes in the next round. */
async function rotateBatch(tx: Client, cipher: TokenCipher, columns: SealedColumns, after: string | undefined) {
  const { table, boundTo, keyId, ciphertexts } = columns;
  const { rows } = await tx.query<SealedRow>(
    `select ${boundTo} as id, ${keyId} as key_id, array[${ciphertexts.join(', ')}] as ciphertexts from ${table}
     where ${ciphertexts[0]} is not null and ${keyId} <> $1 and ($2::uuid is null or ${boundTo} > $2)
     order by ${boundTo} limit $3 for no key update skip locked`,
    [cipher.keyId, after, BATCH],
  );
  const fresh = rows.flatMap((row) => sealedAnew(cipher, row) ?? []);
  const sets = ciphertexts.map((column, at) => `${column} = fresh.c${at}`);
  const names = ciphertexts.map((_, at) => `c${at}`);
  await tx.query(
    `update ${table} set ${keyId} = $1, ${sets.join(', ')}
     from unnest($2::uuid[], ${ciphertexts.map((_, at) => `$${at + 3}::bytea[]`).join(', ')}) as fresh (id, ${names.join(', ')})
     where ${table}.${boundTo} = fresh.id`,
    [cipher.keyId, fresh.map(({ id }) => id), ...ciphertexts.map((_, at) => fresh.map((row) => row.ciphertexts[at]))],
  );
  return { resealed: fresh.length, unreadable: rows.length - fresh.length, last: rows.at(-1)?.id };
}

/** All of a row, or nothing of it. */
function sealedAnew(cipher: TokenCipher, row: SealedRow): { id: string; ciphertexts: (Buffer | null)[] } | undefined {
  const ciphertexts: (Buffer | null)[] = [];
  for (const sealed of row.ciphertexts) {
    const plain = sealed && cipher.open(sealed, row.key_id, row.id);
    if (plain === undefined) return undefined;
    ciphertexts.push(plain === null ? null : cipher.seal(plain, row.id).ciphertext);
  }
  return { id: row.id, ciphertexts };
}
