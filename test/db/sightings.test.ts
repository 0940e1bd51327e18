import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dismiss, takeOutlived, turnedInRun } from '../../src/db/sightings.ts';
import { finishInstanceRun } from '../../src/db/sync-runs.ts';
import { addMs, HOUR_MS } from '../../src/domain/dates.ts';
import type { SourceFailure } from '../../src/domain/errors.ts';
import { AT, createDbWorld, type DbWorld } from './db-world.ts';

const DAY_MS = 24 * HOUR_MS;
const grace = { tokenMs: 7 * DAY_MS, observedMs: DAY_MS, sightings: 3 };
const later = (ms: number) => addMs(AT, ms);

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const fails = (id: string, at: string, failure: SourceFailure = 'token_revoked') => world.fails(id, failure, at);
const taken = (asOf: string) => takeOutlived(world.pool, grace, asOf, 100);
const sighted = async () =>
  (await world.pool.query<{ connection_id: string }>('select connection_id from sighting')).rows.map(
    (row) => row.connection_id,
  );

describe('an observed cause is acted on', () => {
  test.each([
    ['token_revoked', 7 * DAY_MS],
    ['user_suspended', DAY_MS],
    ['user_gone', DAY_MS],
  ] as const)('%s: when it is seen again at the end of its grace, and not before', async (failure, ms) => {
    await fails(devi, AT, failure);
    await fails(devi, later(1000), failure);
    await fails(devi, later(ms - 1), failure);
    expect(await taken(later(100 * ms))).toEqual([]);
    await fails(devi, later(ms), failure);
    expect(await taken(later(ms))).toEqual([devi]);
    expect(await taken(later(ms))).toEqual([]);
  });

  test('only after it was seen three times', async () => {
    await fails(devi, AT);
    await fails(devi, later(8 * DAY_MS));
    expect(await taken(later(8 * DAY_MS))).toEqual([]);
    await fails(devi, later(8 * DAY_MS + HOUR_MS));
    expect(await taken(later(9 * DAY_MS))).toEqual([devi]);
  });

  test('not before the run that sees it has ended, and said that it is not the instance’s fault', async () => {
    for (const at of [AT, later(DAY_MS), later(8 * DAY_MS)]) await fails(devi, at);
    const { page } = await world.openPage();
    expect(await taken(later(8 * DAY_MS))).toEqual([]);
    const { runId, instanceId } = page;
    await finishInstanceRun(world.pool, { runId, instanceId, at: later(8 * DAY_MS), outcome: 'finished', rest: [] });
    expect(await taken(later(8 * DAY_MS))).toEqual([devi]);
  });
});

describe('many that turn in one run', () => {
  async function run(startedAt: string): Promise<{ runId: string; instanceId: string }> {
    const { page } = await world.openPage();
    const { runId, instanceId } = page;
    await world.pool.query('update sync_instance_run set started_at = $2 where run_id = $1', [runId, startedAt]);
    return { runId, instanceId };
  }

  test('are those first seen since it began, however long it takes, of those that it read', async () => {
    const emil = await world.sending();
    await fails(emil, later(-1));
    const key = await run(AT);
    await fails(emil, later(HOUR_MS));
    await fails(devi, AT);
    await world.pool.query('update sync_page set connections = 7 where run_id = $1', [key.runId]);
    await world.pool.query(
      `insert into sync_page (run_id, instance_id, from_id, started_at, connections) values ($1, $2, $3, $4, 5)`,
      [key.runId, key.instanceId, randomUUID(), AT],
    );
    expect(await turnedInRun(world.pool, key)).toEqual({ turned: 1, connections: 12, startedAt: AT });
  });

  test('are dismissed together with whoever was seen before and again; who was not seen again is kept', async () => {
    const [emil, farah] = [await world.sending(), await world.sending()];
    for (const id of [emil, farah]) await fails(id, later(-8 * DAY_MS));
    await fails(devi, AT);
    await fails(emil, AT);
    await dismiss(world.pool, world.instanceId, AT, later(HOUR_MS));
    expect(await sighted()).toEqual([farah]);
  });
});
