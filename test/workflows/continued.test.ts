import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { receiptsOf } from '../../src/db/removals.ts';
import { lastSync } from '../../src/db/sync-runs.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../../src/workflows/ids.ts';
import { refuseInserts } from '../support/refuse-inserts.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

/** What a look takes: a run that does anything more continues as new, in whatever state it is then. */
const A_LOOK = 10;

let env: TestWorkflowEnvironment | undefined;
let world: World;

/** On the shared server, or on one whose time is skipped. */
async function begin(skipping?: TestWorkflowEnvironment): Promise<void> {
  env = skipping;
  const settings = { GRACE_TOKEN: '0ms', GRACE_SIGHTINGS: '1', ...(!env && { RESTORE_WINDOW: '30s' }) };
  world = await createWorld({ ...(env && { env }), settings });
  await world.switchOn();
}

afterEach(async () => {
  world.peer.faults.clear();
  await world.close();
  await env?.teardown();
});

const runOf = async (workflowId: string) => (await world.client.workflow.getHandle(workflowId).describe()).runId;

/** The run has done its first look, which a call to wake up would otherwise be one with. */
async function hasLooked(workflowId: string, runId: string): Promise<boolean> {
  const { events } = await world.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const looked = events!.findIndex((event) => event.activityTaskCompletedEventAttributes);
  return looked >= 0 && events!.findLastIndex((event) => event.workflowTaskCompletedEventAttributes) > looked;
}

/** Does it, and waits until the workflow has continued as new. */
async function continuing<Result>(developer: Developer, act: () => Promise<Result>): Promise<Result> {
  const workflowId = connectionWorkflowId(developer.id);
  let before = '';
  const rests = async () => {
    before = await runOf(workflowId);
    return hasLooked(workflowId, before);
  };
  await eventually(rests, 'it has looked');
  const result = await act();
  await eventually(async () => (await runOf(workflowId)) !== before, 'it continues as new');
  return result;
}

async function refusedWith(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'accepted',
    (error: Error & { cause?: { type?: string } }) => error.cause?.type ?? error.message,
  );
}

const ends = (developer: Developer) =>
  eventually(async () => {
    const { status } = await world.client.workflow.getHandle(connectionWorkflowId(developer.id)).describe();
    return status.name === 'COMPLETED';
  }, 'it ends');

const actionsOf = async ({ id }: Developer) =>
  (
    await world.pool.query<{ action: string }>('select action from audit where subject_id = $1 order by id', [id])
  ).rows.map(({ action }) => action.replace('connection.', ''));

async function connected(): Promise<Developer> {
  const devi = await world.connect('devi', A_LOOK);
  await devi.until('connected');
  await continuing(devi, () => devi.wake());
  return devi;
}

async function sending(): Promise<Developer> {
  const devi = await connected();
  await continuing(devi, () => devi.send());
  await eventually(async () => (await devi.counts()).length > 0, 'the first counts');
  return devi;
}

describe('a connection continues as new', () => {
  beforeEach(() => begin());

  test('while connected and while sending, does an act that is sent again once, and keeps the time between updates', async () => {
    const devi = await connected();
    const operationId = randomUUID();
    const answer = await continuing(devi, () => devi.send(operationId));
    await continuing(devi, () => devi.wake());
    expect(await devi.send(operationId)).toEqual(answer);
    expect((await actionsOf(devi)).filter((action) => action === 'sending_started')).toHaveLength(1);
    expect(await continuing(devi, () => devi.updateNow())).toEqual({ outcome: 'written' });
    expect(await refusedWith(devi.updateNow())).toBe('update_too_soon');
  });

  test('in the middle of a removal, ends it', async () => {
    const devi = await sending();
    // As if another removal were accepted between the first step and the next one.
    await world.pool.query(`
      create function raise_generation() returns trigger language plpgsql as $$
      begin update connection set generation = generation + 1 where id = new.id; return null; end $$;
      create trigger raised after update of status on connection for each row
        when (old.status = 'sending' and new.status = 'removing') execute function raise_generation()`);
    const allow = await refuseInserts(world.pool, 'audit', `new.action = 'connection.counts_deleted'`);
    await continuing(devi, () => devi.optOut());
    expect([await devi.status(), await receiptsOf(world.pool, devi.id)]).toEqual(['removing', []]);
    await allow();
    await devi.until('restorable');
    expect(await devi.counts()).toEqual([]);
    expect(await receiptsOf(world.pool, devi.id)).toMatchObject([{ cause: 'opted_out', itemsLeft: 0 }]);
  });

  test('though its step is refused again and again, and can be forgotten meanwhile', async () => {
    const devi = await sending();
    // It contradicts what is on record: it was established long ago.
    await world.pool.query(`update connection set status = 'connecting' where id = $1`, [devi.id]);
    await continuing(devi, () => devi.wake());
    await continuing(devi, async () => undefined);
    expect(await devi.status()).toBe('connecting');
    await devi.forget();
    await ends(devi);
    expect(await devi.status()).toBe('ended');
  });
});

describe('a connection that continues as new', () => {
  beforeEach(async () => begin(await timeSkippingEnv()));

  test('while it can come back, keeps the end of its window', async () => {
    const devi = await sending();
    await continuing(devi, () => devi.optOut());
    await devi.until('restorable');
    await world.sleep('45 days');
    await continuing(devi, () => devi.wake());
    await world.sleep('44 days');
    expect(await devi.status()).toBe('restorable');
    await world.sleep('2 days');
    await ends(devi);
    expect(await devi.status()).toBe('ended');
  });

  test('while it restores, goes on trying, and waits longer each time', async () => {
    const devi = await sending();
    await continuing(devi, () => devi.optOut());
    await devi.until('restorable');
    world.peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
    const tries = async () => (await lastSync(world.pool, devi.id)).failure?.times ?? 0;
    await continuing(devi, () => devi.reconnect());
    await eventually(async () => (await tries()) === 1, 'a first try');
    await continuing(devi, () => world.sleep('61 seconds'));
    await eventually(async () => (await tries()) === 2, 'a second try, after a minute');
    // The third comes after two minutes, the fourth after four.
    await world.sleep('61 seconds');
    expect(await tries()).toBe(2);
    await continuing(devi, () => world.sleep('61 seconds'));
    await eventually(async () => (await tries()) === 3, 'a third try');
    await world.sleep('3 minutes');
    expect([await devi.status(), await tries()]).toEqual(['restoring', 3]);
    world.peer.faults.clear();
    await world.sleep('2 minutes');
    await devi.until('sending');
    expect((await devi.counts()).length).toBeGreaterThan(0);
  });

  test('keeps an observed cause, until the source accepts the token again', async () => {
    const devi = await sending();
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi' });
    await world.pool.query(
      `insert into sighting (connection_id, instance_id, cause, first_at, last_at, times, woken_at)
       values ($1, $2, 'token_lost', now() - interval '1 hour', now(), 3, now())`,
      [devi.id, world.instanceId],
    );
    await continuing(devi, () => devi.wake());
    await devi.until('restorable');
    await continuing(devi, () => devi.optOut());
    await continuing(devi, () => devi.wake());
    const { rows } = await world.pool.query('select causes from connection where id = $1', [devi.id]);
    expect(rows[0].causes).toEqual(['token_lost', 'opted_out']);
    expect(await refusedWith(devi.reconnect())).toBe('cause_remains');
    world.peer.faults.clear();
    expect(await devi.reconnect()).toMatchObject({ status: 'restoring' });
    await devi.until('sending');
  });

  test('while the instance is off, is switched off and comes back by an act', async () => {
    const devi = await sending();
    await world.switchOff();
    const off = async () =>
      (await world.pool.query(`select 1 from instance where sharing_status = 'off'`)).rowCount === 1;
    await eventually(off, 'sharing is off');
    await continuing(devi, () => devi.wake());
    await devi.until('restorable');
    await world.sharing({ type: 'switch', side: 'instance', on: true });
    await continuing(devi, () => devi.reconnect());
    await devi.until('sending');
    expect((await devi.counts()).length).toBeGreaterThan(0);
  });
});

test('turning off, where counts come back again and again, continues as new and ends when they do not', async () => {
  await begin();
  const devi = await sending();
  await world.pool.query(`
    create function write_again() returns trigger language plpgsql as $$
    begin
      insert into ledger (connection_id, year, counts) select new.cursor_id, 2026, ledger_set(null, array[1], array[1]);
      return new;
    end $$;
    create trigger again after update on turning_off for each row
      when (new.cursor_id is not null and new.verified_at is null) execute function write_again()`);
  const key = { instanceId: world.instanceId, generation: 1 };
  const workflowId = sharingWorkflowId(key.instanceId, key.generation);
  const { TASK_QUEUE_PEOPLE: taskQueue } = world.config;
  // It finds what to turn off once the gate has closed.
  await world.client.workflow.start('turningOff', { workflowId, taskQueue, args: [{ ...key, maxEvents: 8 }] });
  const first = await runOf(workflowId);
  await world.switchOff();
  await eventually(async () => (await runOf(workflowId)) !== first, 'it continues as new', 30_000);
  await world.pool.query('drop trigger again on turning_off');
  expect(await world.client.workflow.getHandle(workflowId).result()).toEqual({ erased: 1 });
  expect(await devi.counts()).toEqual([]);
}, 120_000);
