import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lastSync, listRuns } from '../../src/db/sync-runs.ts';
import { recordConnect } from '../../src/db/instances.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { instanceSyncWorkflowId } from '../../src/workflows/ids.ts';
import type { SyncSettings } from '../../src/workflows/sync.messages.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let world: World;
let devi: Developer;
let emil: Developer;

const SETTINGS: SyncSettings = { buckets: 2, pageSize: 50, deadlineMs: 60_000, breakerPages: 3 };

beforeEach(async () => {
  world = await createWorld();
  await world.switchOn();
  [devi, emil] = await Promise.all([world.sending('devi'), world.sending('emil')]);
});
afterEach(async () => {
  await world.close();
});

function startSync(settings: Partial<SyncSettings> = {}) {
  return world.client.workflow.start('contributionSync', {
    workflowId: `contribution-sync/${randomUUID()}`,
    taskQueue: world.config.TASK_QUEUE_SYNC,
    args: [{ settings: { ...SETTINGS, ...settings }, trigger: 'test' }],
  });
}

async function sync(settings: Partial<SyncSettings> = {}) {
  const { runId } = await (await startSync(settings)).result();
  const [run] = (await listRuns(world.pool, 10)).filter((one) => one.id === runId);
  return run!.instances[0]!;
}

async function windowOfSource(key: string) {
  const { from, to } = windowAt(await world.now());
  return world.peer.contributions.between(key, from, to);
}

/** The developers as pages take them. */
function inOrder(): [Developer, Developer] {
  return devi.id < emil.id ? [devi, emil] : [emil, devi];
}

/** @returns gives it back */
async function lockRow(connectionId: string): Promise<() => Promise<void>> {
  const client = await world.pool.connect();
  // A test that fails before it gives it back leaves it to the server to end.
  client.on('error', () => {});
  await client.query('begin');
  await client.query('select 1 from connection where id = $1 for update', [connectionId]);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

const daysAgo = (days: number) => addDays(utcDay(Date.now()), -days);

describe('the hourly sync', () => {
  test('sets each day to what the source says, up and down', async () => {
    const [up, down] = (await devi.counts()).slice(0, 2).map((day) => day.date);
    world.peer.contributions.set('devi', up!, 99);
    world.peer.contributions.set('devi', down!, 0);
    expect(await sync()).toMatchObject({ outcome: 'finished', connections: 2, changed: 1, failed: 0 });
    expect(await devi.counts()).toEqual(await windowOfSource('devi'));
    expect(await emil.counts()).toEqual(await windowOfSource('emil'));
  });

  test('in which nothing changed writes no row of a connection', async () => {
    await sync();
    const state = async () =>
      (
        await world.pool.query(
          'select c.*, c.xmin::text, l.xmin::text as counts from connection c join ledger l on l.connection_id = c.id order by c.id, l.year',
        )
      ).rows;
    const before = await state();
    expect(await sync()).toMatchObject({ outcome: 'finished', connections: 2, changed: 0 });
    expect(await state()).toEqual(before);
    expect((await lastSync(world.pool, devi.id)).lastSuccessAt).not.toBeNull();
  });

  test('keeps a day that has left the window', async () => {
    await world.pool.query(
      `update ledger set counts[extract(doy from $2::date)::int] = 5 where connection_id = $1 and year = extract(year from $2::date)`,
      [devi.id, daysAgo(120)],
    );
    await sync();
    expect(await devi.counts()).toContainEqual({ date: daysAgo(120), count: 5 });
  });

  test('goes on with everyone else when one developer fails, and shows why', async () => {
    world.peer.faults.add({ kind: 'missing-scope' }, { who: 'devi' });
    world.peer.contributions.set('emil', daysAgo(3), 41);
    const before = await devi.counts();
    expect(await sync()).toMatchObject({ outcome: 'finished', failed: 1, failures: { scope_missing: 1 } });
    expect(await devi.counts()).toEqual(before);
    expect(await emil.counts()).toContainEqual({ date: daysAgo(3), count: 41 });
    expect((await lastSync(world.pool, devi.id)).failure).toMatchObject({ class: 'scope_missing', times: 1 });
    world.peer.faults.clear();
    await sync();
    expect((await lastSync(world.pool, devi.id)).failure).toBeNull();
  });

  test('counts nobody among its failures whom it does not read, such as one who is coming back', async () => {
    const bruno = await world.sending('bruno');
    await bruno.optOut();
    await bruno.until('restorable');
    world.peer.faults.add({ kind: 'sso-required' }, { who: 'bruno' });
    await bruno.reconnect();
    await eventually(async () => (await lastSync(world.pool, bruno.id)).failure !== null, 'a read that fails');
    const { failed, failures } = await sync();
    expect([failed, failures]).toEqual([0, {}]);
    world.peer.faults.clear();
  });

  test.each(['negative', 'duplicate-day', 'missing-day', 'wrong-user', 'impossible-date'] as const)(
    'takes nothing from a source that lies (%s)',
    async (lie) => {
      const before = await devi.counts();
      world.peer.faults.add({ kind: 'lying-counts', lie }, { who: 'devi' });
      expect(await sync()).toMatchObject({ failed: 1 });
      expect(await devi.counts()).toEqual(before);
    },
  );

  test('reads everyone through small pages, ranges and continued runs', async () => {
    const more = await Promise.all(['farah', 'goran', 'ada', 'ines'].map((key) => world.sending(key)));
    for (const developer of more) world.peer.contributions.set(developer.key, daysAgo(2), 17);
    const part = await sync({ buckets: 3, pageSize: 1, maxPages: 2, stretchMs: 0 });
    expect(part).toMatchObject({ outcome: 'finished', connections: 6, changed: 4 });
    for (const developer of more) expect(await developer.counts()).toContainEqual({ date: daysAgo(2), count: 17 });
  });

  test('reads quick pages in a row, without coming back to Temporal for each', async () => {
    await Promise.all(['farah', 'goran'].map((key) => world.sending(key)));
    expect(await sync({ buckets: 1, pageSize: 1 })).toMatchObject({ outcome: 'finished', connections: 4 });
    const { events } = await world.client.workflow.getHandle(instanceSyncWorkflowId(world.instanceId)).fetchHistory();
    const activities = events!.flatMap(({ activityTaskScheduledEventAttributes: it }) => it?.activityType?.name ?? []);
    expect(activities).toEqual(['beginInstance', 'syncPages']);
    const { rows } = await world.pool.query<{ connections: number }>(
      'select connections from sync_page order by from_id',
    );
    expect(rows.map((page) => page.connections)).toEqual([1, 1, 1, 1, 0]);
  });

  test('reads the next page while the last one is being stored', async () => {
    const [first, second] = inOrder();
    world.peer.contributions.set(first.key, daysAgo(1), 77);
    const hold = world.peer.faults.hold({ who: second.key, path: 'graphql' });
    const release = await lockRow(first.id);
    const run = await startSync({ buckets: 1, pageSize: 1 });
    await hold.waiting();
    expect(await first.counts()).not.toContainEqual({ date: daysAgo(1), count: 77 });
    await release();
    hold.release();
    await run.result();
    expect(await first.counts()).toContainEqual({ date: daysAgo(1), count: 77 });
  });

  test('a page that cannot be stored does not wait for the next one to be read', async () => {
    const [first, second] = inOrder();
    world.peer.contributions.set(first.key, daysAgo(1), 77);
    const hold = world.peer.faults.hold({ who: second.key, path: 'graphql' });
    await world.pool.query('alter table ledger add constraint broken check (false) not valid');
    const run = await startSync({ buckets: 1, pageSize: 1 });
    await hold.waiting();
    const again = world.peer.faults.hold({ who: first.key, path: 'graphql' });
    await again.waiting();
    await world.pool.query('alter table ledger drop constraint broken');
    again.release();
    hold.release();
    await run.result();
    expect(await first.counts()).toContainEqual({ date: daysAgo(1), count: 77 });
    // Less than a source is given to answer.
  }, 10_000);

  test('an opt-out while a page is in flight leaves nothing, then and later', async () => {
    world.peer.contributions.set('devi', daysAgo(1), 77);
    const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
    const run = await startSync();
    await hold.waiting();
    await devi.optOut();
    await devi.until('restorable');
    hold.release();
    await run.result();
    expect(await devi.counts()).toEqual([]);
    await sync();
    expect(await devi.counts()).toEqual([]);
  });

  test('a gate that closes while a page is in flight lets none of it through', async () => {
    world.peer.contributions.set('devi', daysAgo(1), 77);
    const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
    const run = await startSync();
    await hold.waiting();
    await world.switchOff();
    await eventually(
      async () => (await world.pool.query(`select 1 from instance where sharing_status = 'off'`)).rowCount === 1,
      'off',
    );
    hold.release();
    await run.result();
    expect([await devi.counts(), await emil.counts()]).toEqual([[], []]);
  });

  test('skips an instance whose last run is still under way, and says so', async () => {
    const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
    const first = await startSync();
    await hold.waiting();
    expect(await sync()).toMatchObject({ outcome: 'skipped' });
    hold.release();
    await first.result();
  });

  test('opens the breaker of an instance that cannot be reached, and erases nothing', async () => {
    const before = await devi.counts();
    await world.peer.goDown();
    expect(await sync({ buckets: 1, pageSize: 1, breakerPages: 2 })).toMatchObject({
      outcome: 'breaker_open',
      failed: 2,
    });
    expect(await devi.counts()).toEqual(before);
    await world.peer.comeUp();
    expect(await sync()).toMatchObject({ outcome: 'finished', failed: 0 });
  });

  test('counts pages in a row on when it continues as new', async () => {
    await world.peer.goDown();
    const settings = { buckets: 1, pageSize: 1, breakerPages: 2, maxPages: 1, stretchMs: 0 };
    expect(await sync(settings)).toMatchObject({ outcome: 'breaker_open', failed: 2 });
    const handle = world.client.workflow.getHandle(instanceSyncWorkflowId(world.instanceId));
    expect(await handle.result()).toEqual({ outcome: 'breaker_open', pages: 2 });
  });

  test.each([
    { down: [1, 2], outcome: 'breaker_open' },
    { down: [1, 3], outcome: 'finished' },
  ])(
    'counts only pages in a row towards the breaker, wherever activities end ($outcome)',
    async ({ down, outcome }) => {
      const all = [devi, emil, ...(await Promise.all(['farah', 'goran'].map((key) => world.sending(key))))];
      const byId = all.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      for (const at of down) world.peer.faults.add({ kind: 'bad-gateway' }, { who: byId[at]!.key });
      expect(await sync({ buckets: 1, pageSize: 1, breakerPages: 2 })).toMatchObject({ outcome, failed: 2 });
    },
  );

  test('starts no page after its deadline, and the rest comes first the next time', async () => {
    expect(await sync({ deadlineMs: 0 })).toMatchObject({ outcome: 'partial', connections: 0 });
    expect(await sync()).toMatchObject({ outcome: 'finished', connections: 2 });
  });

  test('a late page of an earlier run writes nothing', async () => {
    const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
    const late = await startSync();
    await hold.waiting();
    await world.client.workflow.getHandle(instanceSyncWorkflowId(world.instanceId)).terminate();
    await late.terminate();
    world.peer.contributions.set('devi', daysAgo(4), 123);
    hold.release();
    await sync();
    expect(await devi.counts()).toEqual(await windowOfSource('devi'));
  });
});

describe('GitHub Connect', () => {
  test('that is lost pauses sharing, deletes nothing, and brings it back by itself', async () => {
    const before = await devi.counts();
    await recordConnect(world.pool, world.instanceId, false, await world.now());
    expect(await sync()).toMatchObject({ outcome: 'gate_closed' });
    const status = async () =>
      (await world.pool.query('select sharing_status as status, gate_open from instance')).rows[0];
    expect(await status()).toEqual({ status: 'paused', gate_open: false });
    expect(await devi.counts()).toEqual(before);
    await recordConnect(world.pool, world.instanceId, true, await world.now());
    expect(await sync()).toMatchObject({ outcome: 'finished' });
    expect(await status()).toEqual({ status: 'on', gate_open: true });
  });
});
