import type { Queryable } from './pool.ts';

/** A receipt as it is kept apart from the database: ids, times and totals, and nobody's name. */
export interface KeptReceipt {
  /** Its place in the order of the export. */
  seq: number;
  id: string;
  scope: 'connection' | 'instance';
  subjectId: string;
  generation: number;
  cause: string;
  askedAt: string;
  verifiedAt: string;
  itemsDeleted: number;
  publicCopiesExpireAt: string;
  /** Of an instance alone: where its turning off ended. */
  endsIn: 'off' | 'unavailable' | null;
}

export async function receiptsBetween(
  db: Queryable,
  after: number,
  horizon: number,
  limit: number,
): Promise<KeptReceipt[]> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select r.*, t.ends_in from receipt r
     left join turning_off t on r.scope = 'instance' and t.instance_id = r.subject_id and t.generation = r.generation
     where r.seq > $1 and r.seq <= $2 order by r.seq limit $3`,
    [after, horizon, limit],
  );
  return rows.map(toKept);
}

function toKept(row: Record<string, unknown>): KeptReceipt {
  const iso = (name: string) => (row[name] as Date).toISOString();
  return {
    seq: row['seq'] as number,
    id: row['id'] as string,
    scope: row['scope'] as KeptReceipt['scope'],
    subjectId: row['subject_id'] as string,
    generation: row['generation'] as number,
    cause: row['cause'] as string,
    askedAt: iso('asked_at'),
    verifiedAt: iso('verified_at'),
    itemsDeleted: row['items_deleted'] as number,
    publicCopiesExpireAt: iso('public_copies_expire_at'),
    endsIn: row['ends_in'] as KeptReceipt['endsIn'],
  };
}

/** Those that the database does not have: of what was deleted before the backup it needs no telling. */
export async function unknownReceipts(db: Queryable, receipts: KeptReceipt[]): Promise<KeptReceipt[]> {
  const { rows } = await db.query<{ id: string }>(
    `select k.id from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) as k (id, scope, subject_id, generation)
     where not exists (select 1 from receipt r
       where r.scope = k.scope and r.subject_id = k.subject_id and r.generation = k.generation)`,
    [
      receipts.map((one) => one.id),
      receipts.map((one) => one.scope),
      receipts.map((one) => one.subjectId),
      receipts.map((one) => one.generation),
    ],
  );
  const unknown = new Set(rows.map((row) => row.id));
  return receipts.filter((one) => unknown.has(one.id));
}

/** Puts receipts back as they were. @returns how many were missing */
export async function putBackReceipts(tx: Queryable, receipts: KeptReceipt[]): Promise<number> {
  let missing = 0;
  for (const one of receipts) {
    const { rowCount } = await tx.query(
      `insert into receipt (id, scope, subject_id, generation, cause, asked_at, verified_at, items_deleted, items_left, public_copies_expire_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9) on conflict do nothing`,
      [
        one.id,
        one.scope,
        one.subjectId,
        one.generation,
        one.cause,
        one.askedAt,
        one.verifiedAt,
        one.itemsDeleted,
        one.publicCopiesExpireAt,
      ],
    );
    missing += rowCount ?? 0;
  }
  return missing;
}
