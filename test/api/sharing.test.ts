import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { addDaysTo, addMs, HOUR_MS } from '../../src/domain/dates.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller, Reply } from './client.ts';
import { changesNothing } from './tables.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let path: string;
let ada: Caller;
beforeEach(async () => {
  world = await createApiWorld({ SYNC_EVERY: '3650d' });
  stopWork = async () => undefined;
  path = `/api/v1/instances/${await world.register()}`;
  ada = await world.person('ada');
});
afterEach(async () => {
  await stopWork();
  await world.close();
});

interface Side {
  enabled: boolean;
  by: string | null;
  at: string | null;
}
interface Sharing extends Record<string, unknown> {
  status: string;
  instanceSide: Side;
  accountSide: Side;
  turningOff: { connections: number; itemsDeleted: number; verifiedAt: string | null; cause: string } | null;
}

const switches = (who: Caller, side: 'instance' | 'account', enabled: boolean): Promise<Reply<Sharing>> =>
  who.put(`${path}/sharing/${side}-side`, { enabled });
const sharing = async () => (await ada.get<Sharing>(`${path}/sharing`)).body;
const granted = () => world.pool.query(`update instance set sharing_status = 'available'`);
const GITHUB_DOWN = { kind: 'bad-gateway' } as const;

async function switchedOn(): Promise<void> {
  await granted();
  await switches(ada, 'instance', true);
  await switches(ada, 'account', true);
}

describe('enabling', () => {
  test('takes both sides, each with who and when; one alone opens nothing', async () => {
    await granted();
    world.setClock(new Date('2027-03-01T12:00:00Z'));
    const one = await switches(ada, 'instance', true);
    const side = { enabled: true, by: expect.stringMatching(/^token:/), at: '2027-03-01T12:00:00.000Z' };
    expect(one).toMatchObject({
      status: 200,
      body: { status: 'available', instanceSide: side, accountSide: { enabled: false } },
    });
    const devi = await world.person('devi');
    const refused = await devi.post('/api/v1/connections', {
      instanceId: one.body['instanceId'],
      token: DEMO_TOKENS.instance('devi'),
    });
    expect(refused).toMatchObject({ status: 409, code: 'sharing_off' });
    expect(await switches(await world.person('ines'), 'account', true)).toMatchObject({
      status: 200,
      body: { status: 'on', instanceSide: side, accountSide: { enabled: true }, turningOff: null },
    });
  });

  test('before access was granted is refused', async () => {
    const reply = await changesNothing(world.pool, () => switches(ada, 'instance', true));
    expect(reply).toMatchObject({ status: 409, code: 'sharing_unavailable' });
  });

  test.each([
    ['bruno', 'not_account_owner'],
    ['chloe', 'not_site_admin'],
    ['devi', 'not_site_admin'],
  ])('is not for %s (%s), and neither is the other way or a look', async (key, code) => {
    await switchedOn();
    const who = await world.person(key);
    for (const enabled of [true, false]) {
      expect(await changesNothing(world.pool, () => switches(who, 'instance', enabled))).toMatchObject({
        status: 403,
        code,
      });
    }
    expect(await who.get(`${path}/sharing`)).toMatchObject({ status: 403, code });
  });

  test('needs a role that was read just now; disabling takes one of the last 24 hours', async () => {
    const now = new Date();
    world.setClock(now);
    await switchedOn();
    world.github.faults.add(GITHUB_DOWN);
    world.setClock(new Date(addMs(now.toISOString(), 24 * HOUR_MS)));
    expect(await changesNothing(world.pool, () => switches(ada, 'account', true))).toMatchObject({
      status: 503,
      code: 'proof_unavailable',
    });
    world.setClock(new Date(addMs(now.toISOString(), 24 * HOUR_MS + 5000)));
    expect(await changesNothing(world.pool, () => switches(ada, 'account', false))).toMatchObject({
      status: 503,
      code: 'proof_unavailable',
    });
    world.setClock(new Date(addMs(now.toISOString(), 24 * HOUR_MS - 5000)));
    expect(await switches(ada, 'account', false)).toMatchObject({ status: 202, body: { status: 'turning_off' } });
  });

  test.each(['instance', 'account'])(
    'a credential of the %s that our keys cannot read is one that is not there',
    async (table) => {
      await switchedOn();
      await world.pool.query(`update ${table} set credential_key_id = 'lost'`);
      expect(await switches(ada, 'account', true)).toMatchObject({ status: 503, code: 'proof_unavailable' });
      expect(await switches(ada, 'account', false)).toMatchObject({ status: 202, body: { status: 'turning_off' } });
    },
  );

  test('a role that was lost meanwhile counts at once, also for disabling', async () => {
    await switchedOn();
    world.github.accounts.setMembership('acme', 'ada', { role: 'member', state: 'active' });
    expect(await switches(ada, 'account', false)).toMatchObject({ status: 403, code: 'not_account_owner' });
    world.github.faults.add(GITHUB_DOWN);
    expect(await switches(ada, 'account', false)).toMatchObject({ status: 503, code: 'proof_unavailable' });
  });
});

describe('disabling', () => {
  let devi: Caller;
  let connection: string;
  let profile: string;
  beforeEach(async () => {
    await switchedOn();
    stopWork = await startWork(world);
    devi = await world.person('devi');
    const { body } = await ada.get<Sharing>(`${path}/sharing`);
    const made = await devi.post('/api/v1/connections', {
      instanceId: body['instanceId'],
      token: DEMO_TOKENS.instance('devi'),
    });
    connection = made.headers.get('location')!;
    await devi.post(`${connection}/send`, { consentVersion: CONSENT_VERSION });
    await eventually(async () => (await total()) > 0, 'the first counts');
    const mine = await devi.put<{ json: string }>('/api/v1/me/profile', { visibility: 'public' });
    profile = mine.body.json;
    await stopWork();
    stopWork = async () => undefined;
  });

  const days = async () => (await devi.get<{ days: unknown[] }>(`${connection}/sent`)).body.days;
  const total = async () => (await days()).length;
  const shown = async () => (await world.anyone.get<{ total: number; sources: unknown[] }>(profile)).body;

  test('either side shows nothing from that instant, and is not shown as done before it is', async () => {
    const before = await days();
    const asked = new Date();
    world.setClock(asked);
    const off = await switches(ada, 'account', false);
    expect(off).toMatchObject({
      status: 202,
      body: { status: 'turning_off', turningOff: { connections: 0, itemsDeleted: 0, verifiedAt: null } },
    });
    expect(off.headers.get('location')).toBe(`${path}/sharing`);

    // Nothing works on it yet: this is what everybody sees meanwhile.
    expect(await total()).toBe(before.length);
    expect(await shown()).toMatchObject({ total: 0, sources: [] });
    expect((await devi.get(connection)).body).toMatchObject({
      status: 'removing',
      deletionPending: true,
      causes: ['switched_off'],
      restoreUntil: addDaysTo(asked.toISOString(), 90),
    });
    const again = await changesNothing(world.pool, () => switches(ada, 'account', true));
    expect(again).toMatchObject({ status: 409, code: 'turning_off' });
    expect(await devi.get(`${connection}/preview`)).toMatchObject({ status: 409, code: 'turning_off' });
    const emil = { instanceId: off.body['instanceId'], token: DEMO_TOKENS.instance('emil') };
    const late = await (await world.person('emil')).post('/api/v1/connections', emil);
    expect(late).toMatchObject({ status: 409, code: 'turning_off' });
    const receipts = await world.anyone.get(`/api/v1/receipts/${connection.split('/').at(-1)}`);
    expect(receipts.body).toMatchObject({ deletionPending: true, items: [] });

    stopWork = await startWork(world);
    await eventually(async () => (await sharing()).status === 'off', 'the end of turning off');
    const { turningOff } = await sharing();
    expect(turningOff).toMatchObject({
      connections: 1,
      itemsDeleted: before.length,
      cause: 'sharing.account_side_disabled',
    });
    expect(turningOff!.verifiedAt).not.toBeNull();
    expect(await total()).toBe(0);
    expect((await devi.get(connection)).body).toMatchObject({ status: 'restorable', deletionPending: false });
    const after = await world.anyone.get(`/api/v1/receipts/${connection.split('/').at(-1)}`);
    expect(after.body).toMatchObject({
      deletionPending: false,
      items: [{ scope: 'instance', itemsDeleted: before.length, itemsLeft: 0 }],
    });

    // On again starts nothing by itself.
    expect(await switches(ada, 'account', true)).toMatchObject({ status: 200, body: { status: 'on' } });
    expect((await devi.get(connection)).body).toMatchObject({ status: 'restorable', causes: ['switched_off'] });
    expect(await devi.post(`${connection}/update`)).toMatchObject({ status: 409, code: 'wrong_state' });
    await devi.post(`${connection}/reconnect`);
    await eventually(async () => (await total()) === before.length, 'the restoring');
    expect(await days()).toEqual(before);
  });

  test('a revocation by support ends where access must be asked for again; its note is kept once', async () => {
    const revoke = () => world.support.post(`${path}/revoke`, { note: 'The contract ended.' });
    expect(await revoke()).toMatchObject({
      status: 202,
      body: { status: 'turning_off', instanceSide: { enabled: false } },
    });
    expect(await changesNothing(world.pool, revoke)).toMatchObject({ status: 202 });
    stopWork = await startWork(world);
    await eventually(async () => (await sharing()).status === 'unavailable', 'the end of turning off');
    expect(await changesNothing(world.pool, revoke)).toMatchObject({ status: 200, body: { status: 'unavailable' } });
    expect(await switches(ada, 'instance', true)).toMatchObject({ status: 409, code: 'sharing_unavailable' });
    const { rows } = await world.pool.query(`select text from note where subject_kind = 'instance'`);
    expect(rows).toEqual([{ text: 'The contract ended.' }]);
  });

  test('an opt-out while sharing is turned off is taken all the same, and gets its own receipt', async () => {
    await switches(ada, 'instance', false);
    expect(await devi.post(`${connection}/opt-out`)).toMatchObject({
      status: 202,
      body: { status: 'removing', causes: ['opted_out', 'switched_off'] },
    });
    stopWork = await startWork(world);
    await eventually(async () => (await devi.get<Sharing>(connection)).body.status === 'restorable', 'the deletion');
    const receipts = await world.anyone.get<{ items: { scope: string }[] }>(
      `/api/v1/receipts/${connection.split('/').at(-1)}`,
    );
    expect(receipts.body.items.map((one) => one.scope).toSorted()).toEqual(['connection', 'instance']);
  });
});
