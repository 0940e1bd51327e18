import type { Run } from '../demo/story/people.ts';
import { until } from '../demo/story/until.ts';
import { untilReady } from '../src/stack/programs.ts';
import type { Violation } from './checks/check.ts';
import type { Caller } from './load/caller.ts';
import type { Cast } from './load/cast.ts';
import type { Setting } from './setting.ts';

const HEALED_WITHIN_MS = 180_000;
const RUN_WITHIN_MS = 60_000;
const RUNS = 3;

/** What is still under way. A restore whose read failed comes again by itself after a minute. */
const UNDER_WAY = `
  select 'an accepted act' as what, operation_id as id, kind as state from intent where done_at is null
  union all select 'turning off', id::text, sharing_status from instance where sharing_status = 'turning_off'
  union all select 'a connection', c.id::text, c.status from connection c
    where (c.erased_at is null and c.status in ('connecting', 'removing'))
      or (c.erased_at is not null and c.status <> 'ended')
      or (c.status = 'restoring' and c.erased_at is null and c.restore_until is null)
  union all select 'a request', id::text, status from access_request where status = 'checking'
  union all select 'a run', id::text, trigger from sync_run where finished_at is null`;

/** Programs that were killed come up again, as their supervisor starts them. */
export async function untilUp({ workers, apis, postgres, temporal, pool, client }: Setting): Promise<void> {
  await Promise.all([postgres.up(), temporal.up(), ...[...workers, ...apis].map(({ program }) => program.up())]);
  await until('PostgreSQL', () => answers(pool.query('select 1')), Boolean, HEALED_WITHIN_MS);
  await until('Temporal', () => answers(client.workflowService.getSystemInfo({})), Boolean, HEALED_WITHIN_MS);
  await Promise.all(apis.map(({ url }) => untilReady(url, () => false)));
}

async function answers(asked: Promise<unknown>): Promise<boolean> {
  return asked.then(
    () => true,
    () => false,
  );
}

/** Waits until nothing is under way any more. @returns what still is when the time is up */
export async function untilHealed({ pool }: Setting): Promise<Violation[]> {
  let left: Record<string, unknown>[] = [];
  const look = async () => (left = (await pool.query<Record<string, unknown>>(UNDER_WAY)).rows);
  try {
    await until('everything to heal', look, ({ length }) => length === 0, HEALED_WITHIN_MS);
    return [];
  } catch {
    return left.map((facts) => ({ expected: `all to heal within ${HEALED_WITHIN_MS / 1000} s`, facts }));
  }
}

/**
 * A run after the faults that reports success for each instance that shares. One that was on its way already may have
 * skipped an instance, or met the end of a fault: another is started, a few times. @returns also the last where none did
 */
export async function runAfter(setting: Setting, cast: Cast): Promise<{ run: Run; succeeded: boolean }> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await runOnce(setting, cast);
    if (outcome.succeeded || tries === RUNS) return outcome;
  }
}

async function runOnce({ pool }: Setting, { operator }: Cast): Promise<{ run: Run; succeeded: boolean }> {
  const before = new Set((await runs(operator)).map(({ id }) => id));
  await until(
    'a run to be started',
    () => operator.post('/api/v1/sync/trigger'),
    (reply) => reply?.status === 202,
    RUN_WITHIN_MS,
  );
  const ended = (list: Run[]) => list.find(({ id, finishedAt }) => !before.has(id) && finishedAt !== null);
  const run = ended(
    await until(
      'the run to end',
      () => runs(operator),
      (list) => ended(list) !== undefined,
      RUN_WITHIN_MS,
    ),
  )!;
  const { rows } = await pool.query<{ id: string }>('select id from instance where gate_open');
  const outcomes = new Map(
    run.instances.map(({ instanceId, outcome, failed }) => [instanceId, failed === 0 && outcome]),
  );
  return { run, succeeded: rows.every(({ id }) => outcomes.get(id) === 'finished') };
}

async function runs(operator: Caller): Promise<Run[]> {
  const reply = await operator.read(0, '/api/v1/sync/runs?limit=3');
  return reply?.status === 200 ? (reply.body as { items: Run[] }).items : [];
}
