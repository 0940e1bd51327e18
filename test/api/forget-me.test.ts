import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { SESSION_COOKIE, hashOf } from '../../src/api/cookies.ts';
import { acceptRemoval } from '../../src/db/connection-steps.ts';
import { ledger } from '../../src/db/ledger.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { startSession } from '../../src/db/sessions.ts';
import type { ConnectionCommand } from '../../src/domain/connection.ts';
import { AT, sharingIn, stepIn } from '../db/db-world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { tablesWith } from './tables.ts';

let world: ApiWorld;
let instanceId: string;
beforeEach(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
  await world.switchOn(instanceId);
});
afterEach(() => world.close());

interface Forgotten {
  connections: { id: string; receipts: string }[];
  requests: string[];
}
const FORGET = '/api/v1/me/forget';
const forget = (who: Caller) => who.post<Forgotten & Record<string, unknown>>(FORGET);

async function connects(key: string): Promise<string> {
  const who = await world.person(key);
  const sent = { instanceId, token: DEMO_TOKENS.instance(key) };
  return (await who.post<{ id: string }>('/api/v1/connections', sent, { key: 'connect' })).body.id;
}

const step = (id: string, command: ConnectionCommand) => inTransaction(world.pool, (tx) => stepIn(tx, id, command));
const optsOut = (id: string) =>
  inTransaction(world.pool, (tx) =>
    acceptRemoval(tx, {
      connectionId: id,
      kind: 'opt_out',
      operationId: randomUUID(),
      actor: 'test',
      asOf: AT,
      restoreWindowMs: 1000,
    }),
  );
const switchOff = () =>
  inTransaction(world.pool, (tx) => sharingIn(tx, instanceId, { type: 'switch', side: 'instance', on: false }));

async function sends(id: string): Promise<void> {
  await step(id, { type: 'establish' });
  await step(id, { type: 'send', consentVersion: '1' });
  const { rows } = await world.pool.query<{ generation: number }>('select generation from connection where id = $1', [
    id,
  ]);
  const days = [{ date: '2027-02-28', count: 4 }];
  await ledger.put(world.pool, [
    { connectionId: id, generation: rows[0]!.generation, readNumber: 1, source: 'GitHub Enterprise Server', days },
  ]);
}

async function isRemoved(id: string): Promise<void> {
  await sends(id);
  await optsOut(id);
  await step(id, { type: 'opt_out' });
}

async function isRestorable(id: string): Promise<void> {
  await isRemoved(id);
  await world.pool.query('update intent set done_at = now()');
  await step(id, { type: 'removed' });
}

/** How the workflow would have left the row, by its own steps. */
const STATES: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  connecting: async () => undefined,
  connected: (id) => step(id, { type: 'establish' }),
  sending: sends,
  'sending, with a removal that nobody took up': async (id) => {
    await sends(id);
    await optsOut(id);
  },
  removing: isRemoved,
  restorable: isRestorable,
  restoring: async (id) => {
    await isRestorable(id);
    await step(id, { type: 'reconnect' });
  },
  'sending, where the instance is turning off': async (id) => {
    await sends(id);
    await switchOff();
  },
  'sending, where sharing was turned off': async (id) => {
    await sends(id);
    await switchOff();
    await world.pool.query(`update instance set sharing_status = 'off'`);
  },
  'sending, where GitHub Connect is lost': async (id) => {
    await sends(id);
    await world.pool.query(`update instance set sharing_status = 'paused', gate_open = false`);
  },
  'sending, with a sighting that counts against it': async (id) => {
    await sends(id);
    await world.pool.query(
      `insert into sighting (connection_id, instance_id, cause, first_at, last_at) values ($1, $2, 'suspended', $3, $3)`,
      [id, instanceId, AT],
    );
  },
  'sending, where everything but PostgreSQL is down': async (id) => {
    await sends(id);
    world.instance.faults.add({ kind: 'hang' });
    world.github.faults.add({ kind: 'hang' });
    world.deps.temporal = { connection: { withDeadline: () => Promise.reject(new Error('down')) } } as never;
  },
};

/** Every text by which anybody could be known again. */
async function tracesOf(key: string): Promise<string[]> {
  const { id, createdAt } = world.instance.people.get(key);
  const { rows } = await world.pool.query<{ text: string }>(
    `select id::text as text from api_token where source_user_id = $1 and revoked_at is null`,
    [id],
  );
  expect(rows.length).toBeGreaterThan(0);
  const ids = [id, world.github.people.get(key).id].map((one) => `user_id": ${one}\\M`);
  return [...ids, createdAt.slice(0, 10), DEMO_TOKENS.instance(key)];
}

describe('a person who wants to be forgotten', () => {
  test.each(Object.entries(STATES))('is, when their connection is %s', async (_, arrange) => {
    const { temporal } = world.deps;
    const id = await connects('devi');
    await arrange(id);
    const devi = await world.person('devi');
    const traces = await tracesOf('devi');
    const answer = await forget(devi);
    world.deps.temporal = temporal;
    expect(answer).toMatchObject({ status: 202, body: { connections: [{ id, receipts: `/api/v1/receipts/${id}` }] } });
    expect(await devi.get('/api/v1/me/data')).toMatchObject({ status: 401 });
    expect(await tablesWith(world.pool, traces)).toEqual([]);
    const { rows } = await world.pool.query('select erased_at is not null as erased from connection where id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ erased: true }]);
    const intents = await world.pool.query(`select kind from intent where subject_id = $1 and kind = 'forget'`, [id]);
    expect(intents.rowCount).toBe(1);
  });

  test('is, when their connection has ended before', async () => {
    const id = await connects('devi');
    await (await world.person('devi')).post(`/api/v1/connections/${id}/forget`);
    await step(id, { type: 'forget' });
    const traces = await tracesOf('devi');
    expect(await forget(await world.person('devi'))).toMatchObject({ status: 200, body: { connections: [] } });
    expect(await tablesWith(world.pool, traces)).toEqual([]);
  });

  test('is, with a profile, a session and kept answers alone, and sees them before', async () => {
    const secret = 's'.repeat(43);
    const { id: userId, createdAt } = world.instance.people.get('devi');
    const githubUserId = world.github.people.get('devi').id;
    const later = new Date(Date.now() + 3_600_000);
    await inTransaction(world.pool, (tx) =>
      startSession(tx, {
        hash: hashOf(secret),
        signedIn: { source: { instanceId, userId, createdAt }, githubUserId },
        at: new Date(),
        expiresAt: later,
        instead: undefined,
      }),
    );
    const headers = { cookie: `${SESSION_COOKIE}=${secret}`, origin: world.url };
    const devi = await world.person('devi');
    await devi.put('/api/v1/me/profile', { visibility: 'public' }, { key: 'mine' });
    const { tables } = (await world.anyone.get<{ tables: Record<string, unknown[]> }>('/api/v1/me/data', { headers }))
      .body;
    const shown = Object.entries(tables).filter(([, rows]) => rows.length > 0);
    expect(Object.fromEntries(shown.map(([name, rows]) => [name, rows.length]))).toMatchObject({
      profile: 1,
      identity: 1,
      session: 1,
      api_token: 1,
      idempotency: 1,
    });
    const traces = await tracesOf('devi');
    expect(await world.anyone.post(FORGET, {}, { headers })).toMatchObject({ status: 200 });
    expect(await world.anyone.get('/api/v1/me/data', { headers })).toMatchObject({ status: 401 });
    expect(await devi.get('/api/v1/me/data')).toMatchObject({ status: 401 });
    expect(await tablesWith(world.pool, traces)).toEqual([]);
    expect((await world.pool.query('select 1 from idempotency')).rowCount).toBe(0);
  });

  test('is, with connections at several instances that feed their profile, though they signed in at one', async () => {
    const here = await connects('devi');
    const there = await connects('emil');
    // Emil's is who Devi is at another instance, which nobody can sign in at.
    const other = randomUUID();
    await world.pool.query(
      `insert into instance (id, hostname, kind, base_url, account_id)
       select $1, 'gone.example', kind, 'https://gone.example', account_id from instance where id = $2`,
      [other, instanceId],
    );
    await world.pool.query('update connection set instance_id = $2 where id = $1', [there, other]);
    await world.pool.query(
      `update connection_person set instance_id = $2, profile_id = (select id from profile where github_user_id = $3)
       where connection_id = $1`,
      [there, other, world.github.people.get('devi').id],
    );
    await world.pool.query('delete from profile where github_user_id = $1', [world.github.people.get('emil').id]);
    const { body } = await forget(await world.person('devi'));
    expect(body.connections.map(({ id }) => id).toSorted()).toEqual([here, there].toSorted());
    expect((await world.pool.query('select 1 from profile')).rowCount).toBe(0);
  });

  test('is alone in it: nothing of anybody else goes', async () => {
    await connects('devi');
    const id = await connects('emil');
    const emil = await world.person('emil');
    await emil.put('/api/v1/me/profile', { visibility: 'public' });
    // But for how often they came of late, which each look adds to.
    const dataOf = async () => {
      const { body } = await emil.get<{ tables: Record<string, unknown> }>('/api/v1/me/data');
      return { ...body, tables: { ...body.tables, rate_limit: undefined } };
    };
    const before = await dataOf();
    await forget(await world.person('devi'));
    expect((await emil.get(`/api/v1/connections/${id}`)).status).toBe(200);
    expect(await dataOf()).toEqual(before);
  });

  test('is once, when they ask twice at the same time', async () => {
    const id = await connects('devi');
    const devi = await world.person('devi');
    const answers = await Promise.all([forget(devi), forget(devi)]);
    for (const { status } of answers) expect([200, 202, 401]).toContain(status);
    const { rows } = await world.pool.query(`select kind from intent where subject_id = $1 and kind = 'forget'`, [id]);
    expect(rows).toHaveLength(1);
  });
});
