import type { GraceSettings } from '../domain/observed.ts';
import { enqueue } from './outbox.ts';
import type { Queryable } from './pool.ts';

export interface InstanceRun {
  runId: string;
  instanceId: string;
}

/** How many connections of an instance were first seen to turn since a run of it began, of how many that it read. */
export async function turnedInRun(
  db: Queryable,
  { runId, instanceId }: InstanceRun,
): Promise<{ turned: number; connections: number; startedAt: string }> {
  const { rows } = await db.query<{ turned: number; connections: number; started_at: Date }>(
    `select r.started_at,
       (select count(*) from sighting s where s.instance_id = r.instance_id and s.first_at >= r.started_at)::int as turned,
       (select coalesce(sum(p.connections), 0) from sync_page p
        where p.run_id = r.run_id and p.instance_id = r.instance_id)::int as connections
     from sync_instance_run r where r.run_id = $1 and r.instance_id = $2`,
    [runId, instanceId],
  );
  const { turned, connections, started_at: startedAt } = rows[0]!;
  return { turned, connections, startedAt: startedAt.toISOString() };
}

/**
 * The instance's fault: whatever was seen since `since` is no sign of anybody, not even of those that were seen before,
 * and the operator is alerted once an hour.
 */
export async function dismiss(tx: Queryable, instanceId: string, since: string, at: string): Promise<void> {
  await tx.query('delete from sighting where instance_id = $1 and last_at >= $2', [instanceId, since]);
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

/**
 * Connections whose observed cause has held for its grace and was seen often enough; each is named once a sighting. While
 * a run of their instance is under way it has still to say whether what it sees is the instance's fault: they wait for it.
 */
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
         and s.last_at - s.first_at >= make_interval(secs => case when s.cause = 'token_lost' then $3 else $4 end::float8)
         and coalesce((select r.finished_at is not null from sync_instance_run r
                       where r.instance_id = s.instance_id and r.outcome is distinct from 'skipped'
                       order by r.started_at desc limit 1), true)
       order by s.first_at limit $5 for update of s skip locked)
     returning connection_id`,
    [asOf, grace.sightings, grace.tokenMs / 1000, grace.observedMs / 1000, limit],
  );
  return rows.map((row) => row.connection_id);
}
