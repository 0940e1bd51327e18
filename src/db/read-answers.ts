import type { SourceFailure } from '../domain/errors.ts';
import { causeOf } from '../domain/observed.ts';
import type { Client } from './pool.ts';

// A read answers with counts, or with a failure. Either way the newest one stands: an answer counts only while its
// connection is in the life that was read, and no later read has been opened or has answered.

export interface FailedRead {
  connectionId: string;
  /** The one that was read. */
  generation: number;
  failure: SourceFailure;
}

/** Books failures of a read, and what they may be a sign of; an open read that it met writes nothing any more. */
export async function recordFailures(
  tx: Client,
  readNumber: number,
  failures: FailedRead[],
  at: string,
): Promise<void> {
  if (failures.length === 0) return;
  const { rows } = await tx.query<{ id: string; class: SourceFailure }>(
    `select c.id, f.class from unnest($1::uuid[], $2::bigint[], $3::text[]) as f (id, generation, class)
     join connection c on c.id = f.id
     where c.generation = f.generation and c.read_number <= $4 and c.erased_at is null
     order by c.id for no key update of c`,
    [
      failures.map((read) => read.connectionId),
      failures.map((read) => read.generation),
      failures.map((read) => read.failure),
      readNumber,
    ],
  );
  if (rows.length === 0) return;
  const ids = rows.map((row) => row.id);
  await tx.query(
    `insert into sync_failure (connection_id, class, first_at, last_at)
     select id, class, $3, $3 from unnest($1::uuid[], $2::text[]) as f (id, class)
     on conflict (connection_id) do update set class = excluded.class, last_at = excluded.last_at,
       times = sync_failure.times + 1`,
    [ids, rows.map((row) => row.class), at],
  );
  await recordSightings(tx, rows, at);
  await tx.query(
    'update connection set read_number = $2, open_read = null where id = any($1) and open_read is not null',
    [ids, readNumber],
  );
}

async function recordSightings(tx: Client, failed: { id: string; class: SourceFailure }[], at: string): Promise<void> {
  const seen = failed.flatMap((row) => {
    const cause = causeOf(row.class);
    return cause ? [{ id: row.id, cause }] : [];
  });
  if (seen.length === 0) return;
  await tx.query(
    `insert into sighting (connection_id, instance_id, cause, first_at, last_at)
     select c.id, c.instance_id, s.cause, $3, $3 from unnest($1::uuid[], $2::text[]) as s (id, cause)
     join connection c on c.id = s.id and c.restore_until is null
     on conflict (connection_id) do update set cause = excluded.cause, last_at = excluded.last_at, woken_at = null,
       first_at = case when sighting.cause = excluded.cause then sighting.first_at else excluded.first_at end,
       times = case when sighting.cause = excluded.cause then sighting.times + 1 else 1 end`,
    [seen.map((row) => row.id), seen.map((row) => row.cause), at],
  );
}

/** A read that succeeded lifts what earlier ones have seen. Callers hold the rows, and know that none came later. */
export async function lift(tx: Client, connectionIds: string[]): Promise<void> {
  if (connectionIds.length === 0) return;
  await tx.query(
    `with lifted as (delete from sync_failure where connection_id = any($1))
     delete from sighting where connection_id = any($1)`,
    [connectionIds],
  );
}
