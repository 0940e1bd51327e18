import type { Queryable, Pool } from './pool.ts';

export interface RunStart {
  runId: string;
  scheduledAt: string;
  startedAt: string;
  trigger: string;
}

/** A repeated start is the same start. */
export async function beginRun(db: Queryable, run: RunStart): Promise<void> {
  await db.query(
    `insert into sync_run (id, scheduled_at, started_at, trigger) values ($1, $2, $3, $4) on conflict (id) do nothing`,
    [run.runId, run.scheduledAt, run.startedAt, run.trigger],
  );
}

export async function finishRun(db: Queryable, runId: string, at: string): Promise<void> {
  await db.query('update sync_run set finished_at = $2 where id = $1 and finished_at is null', [runId, at]);
}

/** Instances that a run has to visit: those whose gate is open, and those paused, whose GitHub Connect is looked at. */
export async function instancesToSync(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from instance where sharing_status in ('on', 'paused') order by id`,
  );
  return rows.map((row) => row.id);
}

export type Outcome = 'finished' | 'partial' | 'skipped' | 'breaker_open' | 'gate_closed';

export async function beginInstanceRun(
  db: Queryable,
  runId: string,
  instanceId: string,
  at: string,
): Promise<{ rest: string[] }> {
  await db.query(
    `insert into sync_instance_run (run_id, instance_id, started_at) values ($1, $2, $3) on conflict do nothing`,
    [runId, instanceId, at],
  );
  // A page of an earlier run that is still in flight somewhere must write nothing any more.
  await db.query(
    `update sync_page set read_number = null where instance_id = $1 and run_id <> $2 and read_number is not null`,
    [instanceId, runId],
  );
  const { rows } = await db.query<{ rest: string[] | null }>(
    `select rest from sync_instance_run where instance_id = $1 and run_id <> $2 and outcome <> 'skipped'
     order by started_at desc limit 1`,
    [instanceId, runId],
  );
  return { rest: rows[0]?.rest ?? [] };
}

/** The totals are summed from the pages, so that a run that was taken up again counts nothing twice. */
export async function finishInstanceRun(
  db: Queryable,
  input: { runId: string; instanceId: string; at: string; outcome: Outcome; rest: string[] },
): Promise<{ connections: number; changed: number; failed: number }> {
  const { rows } = await db.query<{ connections: number; changed: number; failed: number }>(
    `with total as (
       select coalesce(sum(connections), 0) as connections, coalesce(sum(changed), 0) as changed, coalesce(sum(failed), 0) as failed
       from sync_page where run_id = $1 and instance_id = $2)
     insert into sync_instance_run (run_id, instance_id, started_at, finished_at, outcome, rest, connections, changed, failed, failures)
     select $1, $2, $3, $3, $4, $5, total.connections, total.changed, total.failed,
       (select coalesce(jsonb_object_agg(class, n), '{}') from (
          select f.class, count(*) as n from sync_failure f join connection c on c.id = f.connection_id
          where c.instance_id = $2 and c.status = 'sending' and c.restore_until is null and c.erased_at is null
          group by f.class) classes)
     from total
     on conflict (run_id, instance_id) do update set finished_at = excluded.finished_at, outcome = excluded.outcome,
       rest = excluded.rest, connections = excluded.connections, changed = excluded.changed, failed = excluded.failed,
       failures = excluded.failures
     returning connections, changed, failed`,
    [input.runId, input.instanceId, input.at, input.outcome, JSON.stringify(input.rest)],
  );
  return rows[0]!;
}

export interface RunSummary {
  id: string;
  scheduledAt: string;
  startedAt: string;
  finishedAt: string | null;
  trigger: string;
  instances: {
    instanceId: string;
    outcome: Outcome | null;
    connections: number;
    changed: number;
    failed: number;
    failures: Record<string, number>;
    startedAt: string;
    finishedAt: string | null;
  }[];
}

export async function listRuns(db: Queryable, limit: number, before?: string): Promise<RunSummary[]> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select r.id, r.scheduled_at, r.started_at, r.finished_at, r.trigger,
       (select coalesce(jsonb_agg(jsonb_build_object('instanceId', s.instance_id, 'outcome', s.outcome,
          'connections', s.connections, 'changed', s.changed, 'failed', s.failed, 'failures', s.failures,
          'startedAt', to_char(s.started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'finishedAt', to_char(s.finished_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by s.instance_id), '[]')
        from sync_instance_run s where s.run_id = r.id) as instances
     from sync_run r where $2::timestamptz is null or r.started_at < $2 order by r.started_at desc limit $1`,
    [limit, before ?? null],
  );
  const iso = (value: unknown) => (value ? (value as Date).toISOString() : null);
  return rows.map((row) => ({
    id: row['id'] as string,
    scheduledAt: iso(row['scheduled_at'])!,
    startedAt: iso(row['started_at'])!,
    finishedAt: iso(row['finished_at']),
    trigger: row['trigger'] as string,
    instances: row['instances'] as RunSummary['instances'],
  }));
}

/**
 * When a connection's counts were last compared with success: by a read of its own, or by the newest finished page whose
 * range holds its id, unless its last read failed.
 */
export async function lastSync(
  pool: Pool | Queryable,
  connectionId: string,
): Promise<{
  lastSuccessAt: string | null;
  failure: { class: string; firstAt: string; lastAt: string; times: number } | null;
}> {
  const { rows } = await pool.query<{
    success: Date | null;
    class: string | null;
    first_at: Date;
    last_at: Date;
    times: number;
  }>(
    `select greatest(case when c.restore_until is null and (f.first_at is null or c.own_read_at < f.first_at)
         then c.own_read_at end, (select p.finished_at from sync_page p
             where p.instance_id = c.instance_id and p.from_id < c.id and (p.to_id is null or c.id <= p.to_id)
               and p.started_at >= coalesce(c.sending_since, 'infinity')
               -- it follows from the line above, and bounds what the index is read for
               and p.finished_at >= coalesce(c.sending_since, 'infinity')
               and (f.first_at is null or p.finished_at < f.first_at)
             order by p.finished_at desc limit 1)) as success,
       f.class, f.first_at, f.last_at, f.times
     from connection c left join sync_failure f on f.connection_id = c.id where c.id = $1`,
    [connectionId],
  );
  const row = rows[0];
  return {
    lastSuccessAt: row?.success?.toISOString() ?? null,
    failure: row?.class
      ? { class: row.class, firstAt: row.first_at.toISOString(), lastAt: row.last_at.toISOString(), times: row.times }
      : null,
  };
}
