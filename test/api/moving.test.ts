import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { eventually } from '../support/world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller, Reply } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld();
  stopWork = await startWork(world);
  instanceId = await world.register();
  await world.switchOn(instanceId);
});
afterAll(async () => {
  await stopWork();
  await world.close();
});
afterEach(() => world.instance.faults.clear());

interface Shown {
  id: string;
  status: string;
  causes: string[];
}
interface Counts {
  days: { date: string; count: number }[];
}
const consent = { consentVersion: CONSENT_VERSION };

async function sending(key: string): Promise<{ who: Caller; path: string; id: string; days: Counts['days'] }> {
  const who = await world.person(key);
  const { body } = await who.post<Shown>('/api/v1/connections', { instanceId, token: DEMO_TOKENS.instance(key) });
  const path = `/api/v1/connections/${body.id}`;
  await who.post<Shown>(`${path}/send`, consent);
  const sent = async () => (await who.get<Counts>(`${path}/sent`)).body.days;
  await eventually(async () => (await sent()).length > 0, 'the first counts');
  return { who, path, id: body.id, days: await sent() };
}

async function publicDays(who: Caller): Promise<Counts['days']> {
  const { body } = await who.put<{ json: string }>('/api/v1/me/profile', { visibility: 'public' });
  const { body: profile } = await world.anyone.get<{ days: { date: string; count: number }[] }>(body.json);
  return profile.days.filter(({ count }) => count > 0).map(({ date, count }) => ({ date, count }));
}

test('a connection moves: gone at the old profile, verified, and the past 90 days at the new one', async () => {
  const { who: asDevi, path, id, days } = await sending('devi');
  expect(await publicDays(asDevi)).toEqual(days);
  const asHana = await world.person('devi', 'hana');
  expect((await asHana.get(path)).code).toBe('not_found');

  const moved = await asHana.post<Shown>(`${path}/move`, consent);
  expect(moved).toMatchObject({ status: 202, body: { status: 'removing', causes: [] } });
  expect(await publicDays(asDevi)).toEqual([]);
  await eventually(async () => (await asHana.get<Shown>(path)).body.status === 'sending', 'it sends to the new one');
  await eventually(async () => (await publicDays(asHana)).length > 0, 'the restored counts');
  expect(await publicDays(asHana)).toEqual(days);
  // Nothing feeds the old profile any more: it is not kept.
  expect((await asDevi.get('/api/v1/me/profile')).body).toMatchObject({ id: null, visibility: 'private' });
  expect(await publicDays(asDevi)).toEqual([]);
  expect((await asDevi.get(path)).code).toBe('not_found');

  const receipts = await world.anyone.get<{ items: object[] }>(`/api/v1/receipts/${id}`);
  expect(receipts.body.items).toMatchObject([{ cause: 'moved', itemsDeleted: days.length, itemsLeft: 0 }]);
  const { rows } = await world.pool.query(
    `select action from audit where subject_id = $1 and action like 'connection.mov%' order by id`,
    [id],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    'connection.move_accepted',
    'connection.move_started',
    'connection.moved',
  ]);
});

test('whoever had opted out moves without sending: coming back stays an act of its own', async () => {
  const { who, path, days } = await sending('emil');
  await who.post(`${path}/opt-out`);
  await eventually(async () => (await who.get<Shown>(path)).body.status === 'restorable', 'the deletion');
  const asBruno = await world.person('emil', 'bruno');
  await asBruno.post(`${path}/move`, consent);
  await eventually(async () => (await who.get(path)).status === 404, 'the mapping changes');
  expect(await asBruno.get<Shown>(path)).toMatchObject({ body: { status: 'restorable', causes: ['opted_out'] } });
  await asBruno.post(`${path}/reconnect`);
  await eventually(async () => (await publicDays(asBruno)).length > 0, 'the restored counts');
  expect(await publicDays(asBruno)).toEqual(days);
});

test('a move that may not be is refused, and changes nothing', async () => {
  const { who, path, days } = await sending('farah');
  await sending('goran');
  const asGoran = await world.person('farah', 'goran');
  expect(await asGoran.post(`${path}/move`, consent)).toMatchObject({ status: 409, code: 'profile_taken' });
  expect(await who.post(`${path}/move`, consent)).toMatchObject({ status: 409, code: 'already_connected' });
  const asChloe = await world.person('farah', 'chloe');
  expect(await asChloe.post(`${path}/move`, { consentVersion: 'of old' })).toMatchObject({ code: 'consent_required' });
  const ines = await world.person('ines');
  expect(await ines.post(`${path}/move`, consent)).toMatchObject({ status: 404, code: 'not_found' });
  expect((await who.get<Shown>(path)).body.status).toBe('sending');
  expect((await who.get<Counts>(`${path}/sent`)).body.days).toEqual(days);
});

test('a profile to which a connection is moving is taken for whoever connects meanwhile', async () => {
  const { path } = await sending('ines');
  const asAda = await world.person('ines', 'ada');
  await stopWork();
  let refused: Reply;
  try {
    await asAda.post(`${path}/move`, consent);
    const ada = await world.person('ada');
    refused = await ada.post('/api/v1/connections', { instanceId, token: DEMO_TOKENS.instance('ada') });
  } finally {
    stopWork = await startWork(world);
  }
  expect(refused).toMatchObject({ status: 409, code: 'profile_taken' });
  await eventually(async () => (await asAda.get<Shown>(path)).body.status === 'sending', 'it sends to the new one');
});
