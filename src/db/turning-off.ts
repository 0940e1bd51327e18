import { addMs } from '../domain/dates.ts';
import { recordAudit } from './audit.ts';
import { eraseLinks } from './erase-links.ts';
import { ledger } from './ledger.ts';
import { lockInstanceShared } from './locks.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

export interface TurningOff {
  instanceId: string;
  generation: number;
  cause: string;
  endsIn: 'off' | 'unavailable';
  askedAt: string;
  cohort: number | null;
  itemsDeleted: number;
  connectionsDone: number;
  cursor: string | null;
  verifiedAt: string | null;
  erasedAt: string | null;
}

export async function loadTurningOff(
  db: Queryable,
  instanceId: string,
  generation: number,
): Promise<TurningOff | undefined> {
  const { rows } = await db.query<Record<string, unknown>>(
    'select * from turning_off where instance_id = $1 and generation = $2',
    [instanceId, generation],
  );
  const row = rows[0];
  const iso = (value: unknown) => (value ? (value as Date).toISOString() : null);
  return (
    row && {
      instanceId,
      generation,
      cause: row['cause'] as string,
      endsIn: row['ends_in'] as TurningOff['endsIn'],
      askedAt: iso(row['asked_at'])!,
      cohort: row['cohort'] as number | null,
      itemsDeleted: row['items_deleted'] as number,
      connectionsDone: row['connections_done'] as number,
      cursor: row['cursor_id'] as string | null,
      verifiedAt: iso(row['verified_at']),
      erasedAt: iso(row['erased_at']),
    }
  );
}

/**
 * Deletes the counts of the next connections by id and, in the same transaction, moves the cursor and starts the clock
 * of whoever had none: that is the run's cohort. Only what joined or ticked below this generation is touched.
 * @returns whether more are left
 */
export async function turnOffBatch(
  pool: Pool,
  instanceId: string,
  generation: number,
  size: number,
  restoreWindowMs: number,
): Promise<boolean> {
  return inTransaction(pool, async (tx) => {
    await lockInstanceShared(tx, instanceId);
    const run = await tx.query<{ cursor_id: string | null; asked_at: Date }>(
      'select cursor_id, asked_at from turning_off where instance_id = $1 and generation = $2 for update',
      [instanceId, generation],
    );
    const { cursor_id: cursor, asked_at: askedAt } = run.rows[0]!;
    const batch = await tx.query<{ id: string; cohort: boolean }>(
      `select id, (erased_at is null and restore_until is null) as cohort from connection
       where instance_id = $1 and ($2::uuid is null or id > $2) and coalesce(sharing_generation, joined_generation) < $3
       order by id limit $4 for no key update`,
      [instanceId, cursor, generation, size],
    );
    if (batch.rows.length === 0) return false;
    const cohort = batch.rows.filter((row) => row.cohort).map((row) => row.id);
    await tx.query(
      'update connection set restore_until = $2, cohort_generation = $3, open_read = null where id = any($1)',
      [cohort, addMs(askedAt.toISOString(), restoreWindowMs), generation],
    );
    const { items } = await ledger.remove(
      tx,
      batch.rows.map((row) => row.id),
    );
    await tx.query(
      `update turning_off set cursor_id = $3, items_deleted = items_deleted + $4, connections_done = connections_done + $5,
         cohort = coalesce(cohort, 0) + $6 where instance_id = $1 and generation = $2`,
      [instanceId, generation, batch.rows.at(-1)!.id, items, batch.rows.length, cohort.length],
    );
    return batch.rows.length === size;
  });
}

/** Begins the deletion anew, where the verification still found something. What is counted as deleted stays counted. */
export async function rewind(db: Queryable, instanceId: string, generation: number): Promise<void> {
  await db.query(
    'update turning_off set cursor_id = null, connections_done = 0 where instance_id = $1 and generation = $2',
    [instanceId, generation],
  );
}

/**
 * One step of the verification, by keyset, of whatever joined or ticked below this generation; the counts are read through
 * the public read.
 */
export async function verifyBatch(
  db: Queryable,
  instanceId: string,
  generation: number,
  after: string | null,
  size: number,
): Promise<{ last: string | null; left: number }> {
  const { rows } = await db.query<{ id: string }>(
    `select id from connection where instance_id = $1 and ($2::uuid is null or id > $2)
       and coalesce(sharing_generation, joined_generation) < $4 order by id limit $3`,
    [instanceId, after, size, generation],
  );
  const ids = rows.map((row) => row.id);
  return { last: rows.length === size ? ids.at(-1)! : null, left: ids.length === 0 ? 0 : await ledger.left(db, ids) };
}

/**
 * Erases the links of a run's cohort whose window has passed, each under its row's lock; a reconnect that was accepted
 * before cleared its clock and is left alone.
 * @returns the ids erased, so that their workflows can be closed
 */
export async function eraseCohortBatch(
  pool: Pool,
  instanceId: string,
  generation: number,
  asOf: string,
  size: number,
): Promise<string[]> {
  return inTransaction(pool, async (tx) => {
    await lockInstanceShared(tx, instanceId);
    const { rows } = await tx.query<{ id: string }>(
      `select id from connection where instance_id = $1 and cohort_generation = $2 and restore_until <= $3 and erased_at is null
       order by id limit $4 for update`,
      [instanceId, generation, asOf, size],
    );
    const ids = rows.map((row) => row.id);
    if (ids.length > 0) await eraseLinks(tx, ids, asOf);
    return ids;
  });
}

/** When the next link of a run's cohort ends, ISO; null when none is left. */
export async function cohortEnds(db: Queryable, instanceId: string, generation: number): Promise<string | null> {
  const { rows } = await db.query<{ next: Date | null }>(
    `select min(restore_until) as next from connection
     where instance_id = $1 and cohort_generation = $2 and erased_at is null`,
    [instanceId, generation],
  );
  return rows[0]!.next?.toISOString() ?? null;
}

export async function markVerified(tx: Queryable, instanceId: string, generation: number, at: string): Promise<void> {
  await tx.query(
    'update turning_off set verified_at = coalesce(verified_at, $3) where instance_id = $1 and generation = $2',
    [instanceId, generation, at],
  );
}

/** One audit record for the whole cohort, with its number. */
export async function markErased(tx: Queryable, instanceId: string, generation: number, at: string): Promise<void> {
  const { rows } = await tx.query<{ erased: number }>(
    `select count(*)::int as erased from connection where instance_id = $1 and cohort_generation = $2 and erased_at is not null`,
    [instanceId, generation],
  );
  const marked = await tx.query(
    'update turning_off set erased_at = $3 where instance_id = $1 and generation = $2 and erased_at is null',
    [instanceId, generation, at],
  );
  if (marked.rowCount === 0) return;
  await recordAudit(tx, {
    subjectKind: 'sharing',
    subjectId: instanceId,
    action: 'sharing.cohort_erased',
    actor: 'system',
    at,
    operationId: `cohort-erased/${generation}`,
    detail: { generation, erased: rows[0]!.erased },
  });
}
