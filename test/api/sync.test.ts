import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
let connectionId: string;
let devi: Caller;
beforeAll(async () => {
  world = await createApiWorld({ SYNC_EVERY: '3650d', UPDATE_NOW_EVERY: '1h' });
  stopWork = await startWork(world);
  instanceId = await world.register();
  await world.switchOn(instanceId);
  devi = await world.person('devi');
  const connect = { instanceId, token: DEMO_TOKENS.instance('devi') };
  connectionId = (await devi.post<{ id: string }>('/api/v1/connections', connect)).body.id;
  await devi.post(`/api/v1/connections/${connectionId}/send`, { consentVersion: CONSENT_VERSION });
  await eventually(async () => (await sent()).length > 0, 'the first counts');
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

interface Run {
  id: string;
  startedAt: string;
  finishedAt: string | null;
  trigger: string;
  instances: { instanceId: string; outcome: string; connections: number; changed: number }[];
}
const sent = async () =>
  (await devi.get<{ days: { date: string; count: number }[] }>(`/api/v1/connections/${connectionId}/sent`)).body.days;
const act = (name: string, body: object = {}) => world.operator.post(`/api/v1/sync/${name}`, body);
const runs = async (query = '') =>
  (await world.operator.get<{ items: Run[]; next?: string }>(`/api/v1/sync/runs${query}`)).body;
const done = (count: number) =>
  eventually(async () => {
    const { items } = await runs();
    return items.length === count && items.every((run) => run.finishedAt !== null);
  }, `${count} runs`);
const twoDaysAgo = () => addDays(utcDay(Date.now()), -2);

describe('the hourly run', () => {
  test('is paused with a note that says why, by whom, and resumed', async () => {
    expect((await world.operator.get('/api/v1/sync')).body).toMatchObject({
      paused: false,
      nextRunsAt: [expect.any(String), expect.any(String), expect.any(String)],
    });
    expect(await act('pause', { note: 'The instance moves.' })).toMatchObject({
      status: 200,
      body: { paused: true, note: 'The instance moves.', nextRunsAt: [] },
    });
    expect(await act('resume')).toMatchObject({ status: 200, body: { paused: false } });
    const { body } = await world.operator.get<{ items: { action: string; actor: string }[] }>('/api/v1/audit');
    const recorded = body.items.filter((one) => one.action.startsWith('sync.'));
    expect(recorded.map((one) => one.action)).toEqual(['sync.resumed', 'sync.paused']);
    for (const { actor } of recorded) expect(actor).toMatch(/^token:/);
  });

  test('is started by hand, and says so while one is under way', async () => {
    world.instance.contributions.set('devi', twoDaysAgo(), 41);
    const hold = world.instance.faults.hold({ path: 'graphql' });
    expect(await act('trigger')).toMatchObject({ status: 202 });
    await hold.waiting();
    expect((await world.operator.get('/api/v1/sync')).body).toMatchObject({ running: true });
    expect(await act('trigger')).toMatchObject({ status: 409, code: 'sync_running' });
    expect(await act('backfill', { instanceId })).toMatchObject({ status: 409, code: 'sync_running' });
    expect((await runs()).items).toMatchObject([{ finishedAt: null }]);
    hold.release();
    await done(1);
    expect(await sent()).toContainEqual({ date: twoDaysAgo(), count: 41 });
    expect((await runs()).items[0]!.instances).toMatchObject([
      { instanceId, outcome: 'finished', connections: 1, changed: 1 },
    ]);
    expect(
      (await devi.get<{ lastSyncAt: string }>(`/api/v1/connections/${connectionId}`)).body.lastSyncAt,
    ).not.toBeNull();
  });
});

describe('a backfill', () => {
  test('reads the window of one instance again; a day that somebody lost comes back', async () => {
    const before = await sent();
    await world.pool.query('update ledger set counts = array_fill(null::int, array[366])');
    const started = await act('backfill', { instanceId });
    expect(started).toMatchObject({ status: 202, body: { started: expect.stringContaining('contribution-sync/') } });
    await done(2);
    expect(await sent()).toEqual(before);
    expect((await runs()).items[0]!.trigger).toMatch(/^backfill by token:/);
  });

  test('reads the window of one connection again, also where an update now would be too soon', async () => {
    const before = await sent();
    await world.pool.query('delete from ledger');
    for (const _ of [1, 2]) {
      expect(await act('backfill', { connectionId })).toMatchObject({
        status: 202,
        body: { started: `connection/${connectionId}` },
      });
    }
    expect(await sent()).toEqual(before);
  });

  test('never fills a day before the window', async () => {
    const old = addDays(utcDay(Date.now()), -100);
    world.instance.contributions.set('devi', old, 9);
    await act('backfill', { connectionId });
    expect((await sent()).map((day) => day.date)).not.toContain(old);
  });

  test('of a connection whose source fails says why', async () => {
    world.instance.faults.add({ kind: 'maintenance' });
    expect(await act('backfill', { connectionId })).toMatchObject({ status: 503, code: 'maintenance' });
    world.instance.faults.clear();
    await act('backfill', { connectionId });
  });

  test('of nothing, of both, or of what is not there is refused', async () => {
    for (const body of [{}, { instanceId, connectionId }]) {
      expect(await act('backfill', body)).toMatchObject({ status: 400, code: 'invalid_input' });
    }
    for (const body of [{ instanceId: randomUUID() }, { connectionId: randomUUID() }]) {
      expect(await act('backfill', body)).toMatchObject({ status: 404, code: 'not_found' });
    }
    expect(await act('trigger', { instanceId: randomUUID() })).toMatchObject({ status: 404, code: 'not_found' });
  });
});

test('runs are read page by page, newest first', async () => {
  const all = (await runs()).items.map((run) => run.id);
  const first = await runs('?limit=1');
  expect(first.items.map((run) => run.id)).toEqual(all.slice(0, 1));
  const rest = await runs(`?limit=5&after=${first.next}`);
  expect(rest).toMatchObject({ items: all.slice(1).map((id) => ({ id })) });
  expect(rest.next).toBeUndefined();
});

test('before any worker has made the Schedule, an operator is told that it is not there', async () => {
  const { config } = world.deps;
  world.deps.config = { ...config, SYNC_SCHEDULE_ID: randomUUID() };
  const replies = [await world.operator.get('/api/v1/sync'), await act('trigger'), await act('pause', { note: 'x' })];
  world.deps.config = config;
  for (const reply of replies) expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
});
