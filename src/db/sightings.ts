import { addMs, HOUR_MS } from '../domain/dates.ts';
import type { GraceSettings } from '../domain/observed.ts';
import { enqueue } from './outbox.ts';
import type { Queryable } from './pool.ts';

/** How many sending connections of an instance turned within the hour before `at`, of how many. */
export async function turnedWithinAnHour(
  db: Queryable,
  instanceId: string,
  at: string,
): Promise<{ turned: number; connections: number }> {
  const { rows } = await db.query<{ turned: number; connections: number }>(
    `select (select count(*) from sighting where instance_id = $1 and first_at > $2)::int as turned,
       (select count(*) from connection where instance_id = $1 and status = 'sending' and restore_until is null
          and erased_at is null)::int as connections`,
    [instanceId, addMs(at, -HOUR_MS)],
  );
  return rows[0]!;
}

/** The instance's fault: what was seen within the hour is no sign of anybody, and the operator is alerted once an hour. */
export async function dismiss(tx: Queryable, instanceId: string, at: string): Promise<void> {
  await tx.query('delete from sighting where instance_id = $1 and first_at > $2', [instanceId, addMs(at, -HOUR_MS)]);
  await enqueue(tx, [
    {
      event: 'instance.many_turned',
      subjectKind: 'instance',
      subjectId: instanceId,
      address: 'operator',
      dedupeKey: `many-turned/${instanceId}/${at.slice(0, 13)}`,
      at,
    },
  ]);
}

/** Connections whose observed cause has outlived its grace and was seen often enough; each is named once a sighting. */
export async function takeOutlived(
  db: Queryable,
  grace: GraceSettings,
  asOf: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ connection_id: string }>(
    `update sighting set woken_at = $1 where connection_id in (
       select s.connection_id from sighting s join connection c on c.id = s.connection_id
       where s.woken_at is null and s.times >= $2 and c.restore_until is null and c.erased_at is null
         and s.first_at <= case when s.cause = 'token_lost' then $3::timestamptz else $4::timestamptz end
       order by s.first_at limit $5 for update of s skip locked)
     returning connection_id`,
    [asOf, grace.sightings, addMs(asOf, -grace.tokenMs), addMs(asOf, -grace.observedMs), limit],
  );
  return rows.map((row) => row.connection_id);
}
