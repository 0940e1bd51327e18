import { randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import { lockConnection } from './connection-steps.ts';
import { ledger } from './ledger.ts';
import { inTransaction, type Client, type Pool, type Queryable } from './pool.ts';

/**
 * Deletes a connection's counts. What was deleted is kept with the delete, so that a repeated step knows it. An attempt
 * that wakes up late, when the connection has moved on, deletes nothing of its newer life.
 * @throws DomainError fence_moved
 */
export async function removeCounts(pool: Pool, connectionId: string, generation: number): Promise<{ items: number }> {
  return inTransaction(pool, async (tx) => {
    const fences = await lockConnection(tx, connectionId);
    if (fences.generation !== generation) throw new DomainError('fence_moved');
    const { items } = await ledger.remove(tx, [connectionId]);
    const { rows } = await tx.query<{ items_deleted: number }>(
      `insert into removal (connection_id, generation, items_deleted) values ($1, $2, $3)
       on conflict (connection_id, generation) do update set items_deleted = removal.items_deleted + excluded.items_deleted
       returning items_deleted`,
      [connectionId, generation, items],
    );
    return { items: rows[0]!.items_deleted };
  });
}

export interface ReceiptInput {
  scope: 'connection' | 'instance';
  subjectId: string;
  generation: number;
  cause: string;
  askedAt: string;
  verifiedAt: string;
  itemsDeleted: number;
  publicCacheMs: number;
}

/**
 * A receipt is written once and is never changed. Who asks and who verifies may go by clocks that differ: nothing is
 * verified before it was asked for, and public copies live as long as they would if the later clock were right.
 */
export async function insertReceipt(tx: Queryable, receipt: ReceiptInput): Promise<void> {
  await tx.query(
    `insert into receipt (id, scope, subject_id, generation, cause, asked_at, verified_at, items_deleted, items_left, public_copies_expire_at)
     values ($1, $2, $3, $4, $5, $6, greatest($6::timestamptz, $7), $8, 0,
       greatest($6::timestamptz, $7) + make_interval(secs => $9)) on conflict (scope, subject_id, generation) do nothing`,
    [
      randomUUID(),
      receipt.scope,
      receipt.subjectId,
      receipt.generation,
      receipt.cause,
      receipt.askedAt,
      receipt.verifiedAt,
      receipt.itemsDeleted,
      receipt.publicCacheMs / 1000,
    ],
  );
}

export interface Receipt {
  scope: 'connection' | 'instance';
  generation: number;
  cause: string;
  askedAt: string;
  verifiedAt: string;
  itemsDeleted: number;
  itemsLeft: number;
  publicCopiesExpireAt: string;
}

/** A connection's own receipts, and those of its instance that covered it: derived where its generation was turned off. */
export async function receiptsOf(db: Queryable, connectionId: string): Promise<Receipt[]> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select r.* from receipt r join connection c on c.id = $1
     where (r.scope = 'connection' and r.subject_id = c.id)
        or (r.scope = 'instance' and r.subject_id = c.instance_id and r.generation > c.joined_generation
            and (c.erased_at is null or r.asked_at <= c.erased_at))
     order by r.verified_at`,
    [connectionId],
  );
  return rows.map(toReceipt);
}

function toReceipt(row: Record<string, unknown>): Receipt {
  return {
    scope: row['scope'] as Receipt['scope'],
    generation: row['generation'] as number,
    cause: row['cause'] as string,
    askedAt: (row['asked_at'] as Date).toISOString(),
    verifiedAt: (row['verified_at'] as Date).toISOString(),
    itemsDeleted: row['items_deleted'] as number,
    itemsLeft: row['items_left'] as number,
    publicCopiesExpireAt: (row['public_copies_expire_at'] as Date).toISOString(),
  };
}

/** How many counts of a connection are left, through the read that the public profile uses. */
export async function countsLeft(db: Queryable, connectionIds: string[]): Promise<number> {
  return ledger.left(db, connectionIds);
}

/**
 * How many counts a removal deleted: also those that an earlier one had deleted and that no receipt told of, since this
 * one was accepted before that was verified.
 */
export async function removalOf(tx: Client, connectionId: string, generation: number): Promise<number> {
  const { rows } = await tx.query<{ items: number }>(
    `select coalesce(sum(items_deleted), 0)::int as items from removal
     where connection_id = $1 and generation <= $2 and generation > coalesce(
       (select max(generation) from receipt where scope = 'connection' and subject_id = $1 and generation < $2), 0)`,
    [connectionId, generation],
  );
  return rows[0]!.items;
}
