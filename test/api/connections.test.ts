import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { windowAt } from '../../src/domain/window.ts';
import { eventually } from '../support/world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld({ UPDATE_NOW_EVERY: '5m' });
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
  deletionPending: boolean;
  restoreUntil: string | null;
}
interface Counts {
  source: string;
  total: number;
  days: { date: string; count: number }[];
}
interface Receipts {
  deletionPending: boolean;
  items: { itemsDeleted: number; itemsLeft: number }[];
}

const connect = (who: Caller, key: string) =>
  who.post<Shown>('/api/v1/connections', { instanceId, token: DEMO_TOKENS.instance(key) });

/** A developer who sends. */
async function sending(key: string): Promise<{ who: Caller; path: string; id: string }> {
  const who = await world.person(key);
  const { body } = await connect(who, key);
  const path = `/api/v1/connections/${body.id}`;
  const sent = await who.post<Shown>(`${path}/send`, { consentVersion: CONSENT_VERSION });
  expect(sent).toMatchObject({ status: 200, body: { status: 'sending', consentVersion: CONSENT_VERSION } });
  await eventually(async () => (await who.get<Counts>(`${path}/sent`)).body.days.length > 0, 'the first counts');
  return { who, path, id: body.id };
}

describe('a developer', () => {
  test('connects, looks first, sends, and what is kept is exactly what was shown', async () => {
    const devi = await world.person('devi');
    const made = await connect(devi, 'devi');
    expect(made).toMatchObject({ status: 201, body: { causes: [], deletionPending: false, restoreUntil: null } });
    const path = made.headers.get('location')!;
    expect(path).toBe(`/api/v1/connections/${made.body.id}`);

    const look = await devi.get<Counts & { from: string; to: string; consent: { version: string; text: string } }>(
      `${path}/preview`,
    );
    const { from, to } = windowAt(new Date().toISOString());
    expect(look.body).toMatchObject({
      source: 'GitHub Enterprise Server',
      from,
      to,
      consent: { version: CONSENT_VERSION },
    });
    expect(look.body.days).toEqual(world.instance.contributions.between('devi', from, to));
    expect((await devi.get<Counts>(`${path}/sent`)).body).toEqual({
      source: 'GitHub Enterprise Server',
      total: 0,
      days: [],
    });

    expect(await devi.post(`${path}/send`, { consentVersion: CONSENT_VERSION })).toMatchObject({
      status: 200,
      body: { status: 'sending' },
    });
    await eventually(async () => (await devi.get<Counts>(`${path}/sent`)).body.total === look.body.total, 'the counts');
    expect((await devi.get<Counts>(`${path}/sent`)).body.days).toEqual(look.body.days);

    const csv = await devi.get(`${path}/export?format=csv`);
    expect(csv.headers.get('content-disposition')).toContain('contribution-counts.csv');
    expect(csv.text.trim().split('\r\n')).toHaveLength(look.body.days.length + 1);
    const json = JSON.parse((await devi.get(`${path}/export`)).text) as Counts;
    expect(json.days).toEqual(look.body.days);
  });

  test('opts out, and is told that it is done only when it is; comes back and has the window again', async () => {
    const { who, path, id } = await sending('emil');
    const before = (await who.get<Counts>(`${path}/sent`)).body;
    const out = await who.post<Shown>(`${path}/opt-out`);
    expect(out).toMatchObject({
      status: 202,
      body: { status: 'removing', deletionPending: true, causes: ['opted_out'] },
    });
    expect(out.body.restoreUntil).not.toBeNull();
    await eventually(async () => (await who.get<Shown>(path)).body.status === 'restorable', 'the deletion');
    expect((await who.get<Counts>(`${path}/sent`)).body.days).toEqual([]);
    const receipts = await world.anyone.get<Receipts>(`/api/v1/receipts/${id}`);
    expect(receipts.body).toMatchObject({
      deletionPending: false,
      items: [{ itemsDeleted: before.days.length, itemsLeft: 0 }],
    });

    const back = await who.post<Shown>(`${path}/reconnect`);
    expect(back).toMatchObject({ status: 200, body: { causes: [], restoreUntil: null } });
    await eventually(async () => (await who.get<Shown>(path)).body.status === 'sending', 'the restoring');
    expect((await who.get<Counts>(`${path}/sent`)).body).toEqual(before);
  });

  test('is not told to be back, whatever token they send, before an opt-out has happened and they are', async () => {
    const { who, path } = await sending('bruno');
    await stopWork();
    await who.post(`${path}/opt-out`);
    const asked = who.post<Shown>(`${path}/reconnect`, { token: DEMO_TOKENS.instance('bruno') });
    stopWork = await startWork(world);
    const reply = await asked;
    // It may also be refused, or be answered later.
    expect([reply.status, reply.body.deletionPending]).not.toEqual([200, true]);
  });

  test('an opt-out sent twice with its key is accepted once', async () => {
    const { who, path, id } = await sending('goran');
    const first = await who.post(`${path}/opt-out`, {}, { key: 'out' });
    expect(await who.post(`${path}/opt-out`, {}, { key: 'out' })).toMatchObject({ status: 202, body: first.body });
    const { rows } = await world.pool.query(
      `select 1 from audit where subject_id = $1 and action = 'connection.opt_out_accepted'`,
      [id],
    );
    expect(rows).toHaveLength(1);
  });

  test('an opt-out needs neither the instance nor Temporal', async () => {
    const { who, path } = await sending('farah');
    const { temporal } = world.deps;
    world.deps.temporal = { connection: { withDeadline: () => Promise.reject(new Error('down')) } } as never;
    world.instance.faults.add({ kind: 'hang' });
    const out = await who.post<Shown>(`${path}/opt-out`);
    world.deps.temporal = temporal;
    expect(out).toMatchObject({ status: 202, body: { status: 'removing', deletionPending: true } });
  });

  test('forgets: the link is gone at once, the receipt stays', async () => {
    const { who, path, id } = await sending('chloe');
    await who.post(`${path}/update`, {}, { key: 'update' });
    const gone = await who.post(`${path}/forget`, {}, { key: 'forget' });
    expect(gone).toMatchObject({ status: 202, body: { receipts: `/api/v1/receipts/${id}` } });
    expect(await who.post(`${path}/forget`, {}, { key: 'forget' })).toMatchObject({ status: 202, body: gone.body });
    expect(await who.get(path)).toMatchObject({ status: 404 });
    expect((await who.get<{ items: Shown[] }>('/api/v1/connections')).body.items).toEqual([]);
    await eventually(async () => {
      const { body } = await world.anyone.get<Receipts>(`/api/v1/receipts/${id}`);
      return !body.deletionPending && body.items.length === 1;
    }, 'the receipt');
    const { tables } = (await who.get<{ tables: Record<string, unknown[]> }>('/api/v1/me/data')).body;
    expect(tables['connection_person']).toEqual([]);
    expect(tables['connection_token']).toEqual([]);
    expect(tables['ledger']).toEqual([]);
    expect(tables['idempotency']).toMatchObject([{ key: 'forget' }]);
  });

  test('reads when the last read succeeded, their own reads included, and nothing of it after an opt-out', async () => {
    const { who, path } = await sending('chloe');
    const first = (await who.get<{ lastSyncAt: string | null }>(path)).body.lastSyncAt;
    expect(first).not.toBeNull();
    await who.post(`${path}/update`);
    const second = (await who.get<{ lastSyncAt: string | null }>(path)).body.lastSyncAt;
    expect(Date.parse(second!)).toBeGreaterThan(Date.parse(first!));
    world.instance.faults.add({ kind: 'suspended' }, { who: 'chloe' });
    world.setClock(new Date(Date.now() + 600_000));
    expect((await who.post(`${path}/update`)).code).toBe('user_suspended');
    world.setClock(undefined);
    expect((await who.get(path)).body).toMatchObject({
      failure: { code: 'user_suspended' },
      observed: { cause: 'suspended' },
    });
    await who.post(`${path}/opt-out`);
    expect((await who.get(path)).body).toMatchObject({ failure: null, observed: null, lastSyncAt: null });
  });

  test('coming back renews the consent', async () => {
    const { who, path } = await sending('ada');
    const consented = async () => Date.parse((await who.get<{ consentedAt: string }>(path)).body.consentedAt);
    const first = await consented();
    await who.post(`${path}/opt-out`);
    await eventually(async () => (await who.get<Shown>(path)).body.status === 'restorable', 'the deletion');
    expect(await who.post(`${path}/reconnect`, { consentVersion: 'of old' })).toMatchObject({
      code: 'consent_required',
    });
    await world.pool.query(`update connection set consent_version = 'of old' where id = $1`, [path.split('/').at(-1)]);
    expect(await who.post(`${path}/reconnect`)).toMatchObject({ code: 'consent_required' });
    expect(await who.post(`${path}/reconnect`, { consentVersion: CONSENT_VERSION })).toMatchObject({
      status: 200,
      body: { consentVersion: CONSENT_VERSION },
    });
    expect(await consented()).toBeGreaterThan(first);
    await who.post(`${path}/forget`);
  });

  test('updates now, once in 5 minutes', async () => {
    const { who, path } = await sending('ada');
    expect(await who.post(`${path}/update`)).toMatchObject({ status: 200, body: { status: 'sending' } });
    const soon = await who.post(`${path}/update`);
    expect(soon).toMatchObject({ status: 429, code: 'update_too_soon' });
    expect(Number(soon.headers.get('retry-after'))).toBeGreaterThan(200);
    expect(Date.parse(soon.body['retryAt'] as string)).toBeGreaterThan(Date.now() + 200_000);
  });

  test('reads everything that is held about them, and of the token only that it is kept', async () => {
    const { who, id } = await sending('ines');
    const mine = await who.get<{ tables: Record<string, Record<string, unknown>[]> }>('/api/v1/me/data');
    expect(mine.body.tables['connection_person']).toMatchObject([{ connection_id: id }]);
    expect(mine.body.tables['ledger']!.length).toBeGreaterThan(0);
    expect(mine.body.tables['audit']!.length).toBeGreaterThan(1);
    expect(mine.text).not.toMatch(/ciphertext|gho_demo|uc_/);
  });
});

describe('what a developer may not', () => {
  test('connect twice', async () => {
    const ines = await world.person('ines');
    const { body } = await ines.get<{ items: Shown[] }>('/api/v1/connections');
    const reply = await connect(ines, 'ines');
    expect(reply).toMatchObject({
      status: 409,
      code: 'already_connected',
      body: { facts: { connectionId: body.items[0]!.id } },
    });
  });

  test('agree to a text that is not the current one, or reconnect what was not removed', async () => {
    const ines = await world.person('ines');
    const { body } = await ines.get<{ items: Shown[] }>('/api/v1/connections');
    const path = `/api/v1/connections/${body.items[0]!.id}`;
    const old = await ines.post(`${path}/send`, { consentVersion: '1999' });
    expect(old).toMatchObject({ status: 409, code: 'consent_required', body: { facts: { current: CONSENT_VERSION } } });
    expect(await ines.post(`${path}/reconnect`)).toMatchObject({ status: 409, code: 'wrong_state' });
    const half = await ines.post(`${path}/reconnect`, { refreshToken: 'x' });
    expect(half).toMatchObject({ status: 400, code: 'invalid_input' });
  });
});

test('an operator examines a connection and sees nothing personal', async () => {
  const { body } = await (await world.person('ines')).get<{ items: Shown[] }>('/api/v1/connections');
  const reply = await world.operator.get(`/api/v1/doctor/connections/${body.items[0]!.id}`);
  expect(reply).toMatchObject({
    status: 200,
    body: { linked: true, projected: 'sending', workflow: { status: 'running' } },
  });
  expect(reply.text).not.toContain(String(world.instance.people.get('ines').id));
  expect(reply.text).not.toContain(String(world.github.people.get('ines').id));
  expect(await world.operator.get(`/api/v1/doctor/connections/${randomUUID()}`)).toMatchObject({ status: 404 });
});
