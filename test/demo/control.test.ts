import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { ask, askCounts, daysIn } from './ask.ts';
import { startProgram } from './program.ts';
import type { Program } from './program.ts';

const today = new Date().toISOString().slice(0, 10);
const token = DEMO_TOKENS.instance('ada');

let folder: string;
let peers: Program;
let instance: string;
let github: string;

async function start(ports: Record<string, string> = {}): Promise<void> {
  peers = await startProgram('demo/peers/main.ts', { PEERS_STATE: join(folder, 'peers.json'), ...ports });
  instance = peers.addresses['instance'] ?? '';
  github = peers.addresses['github'] ?? '';
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peers-'));
  await start();
});
afterEach(async () => {
  await control('/faults', undefined, 'DELETE');
  await control('/requests', undefined, 'DELETE');
});
afterAll(async () => {
  await peers.end();
  await rm(folder, { recursive: true });
});

const control = async <Body>(path: string, body?: unknown, method: 'GET' | 'POST' | 'DELETE' = 'POST') =>
  ask<Body>(`${instance}/_demo${path}`, undefined, { method, ...(body === undefined ? {} : { body }) });
const countToday = async () => daysIn(await askCounts(instance, token, today, today))[0]?.contributionCount;

describe('the control path of the running peers', () => {
  test('sets a count, and it is there after a restart on the same port; so is a revoked token', async () => {
    await control('/contributions', { who: 'ada', date: today, count: 77 });
    await control('/people', { key: 'devi', tokens: [{ value: 'gho_other', scopes: ['read:user'] }] });
    expect(await countToday()).toBe(77);
    const port = new URL(instance).port;
    expect(await peers.end()).toBe(0);
    await start({ INSTANCE_PORT: port });
    expect(new URL(instance).port).toBe(port);
    expect(await countToday()).toBe(77);
    expect((await askCounts(instance, DEMO_TOKENS.instance('devi'), today, today)).status).toBe(401);
    expect((await askCounts(instance, 'gho_other', today, today)).status).toBe(200);
  });

  test('adds and changes people', async () => {
    const tokens = [{ value: 'gho_new', scopes: ['read:user'] }];
    await control('/people', { key: 'newcomer', id: 2001, login: 'newcomer', tokens });
    expect((await ask(`${instance}/api/v3/user`, 'gho_new')).body).toMatchObject({ id: 2001, login: 'newcomer' });
    await control('/people', { key: 'newcomer', suspendedAt: '2026-01-01T00:00:00Z' });
    expect((await ask(`${instance}/api/v3/user`, 'gho_new')).status).toBe(403);
  });

  test('switches a fault on, for one request, and shows which are on', async () => {
    await control('/faults', { fault: { kind: 'bad-gateway' }, who: 'ada', times: 1 });
    const expected = [expect.objectContaining({ fault: { kind: 'bad-gateway' }, who: 'ada', left: 1 })];
    expect((await control('/faults', undefined, 'GET')).body).toEqual(expected);
    expect((await ask(`${instance}/api/v3/user`, token)).status).toBe(502);
    expect((await ask(`${instance}/api/v3/user`, token)).status).toBe(200);
  });

  test('holds a request, says when it waits, and lets it go', async () => {
    const { body } = await control<{ id: number }>('/holds', { who: 'ada' });
    const asking = ask(`${instance}/api/v3/user`, token);
    const waiting = await control(`/holds/${body.id}/waiting`, undefined, 'GET');
    expect(waiting.body).toMatchObject([{ who: 'ada', path: '/api/v3/user' }]);
    await control(`/holds/${body.id}/release`);
    expect((await asking).status).toBe(200);
  });

  test('tells what was asked, without the control path itself', async () => {
    await ask(`${instance}/api/v3/user`, token);
    const { body } = await control('/requests?who=ada', undefined, 'GET');
    expect(body).toMatchObject([{ method: 'GET', path: '/api/v3/user', headers: { authorization: 'Bearer ***' } }]);
    await control('/requests', undefined, 'DELETE');
    expect((await control('/requests', undefined, 'GET')).body).toEqual([]);
  });

  test('takes the instance down and up again, from GitHub.com', async () => {
    await ask(`${github}/_demo/peers/instance/down`, undefined, { method: 'POST' });
    await expect(ask(`${instance}/api/v3/user`, token)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await ask(`${github}/_demo/peers/instance/up`, undefined, { method: 'POST' });
    expect((await ask(`${instance}/api/v3/user`, token)).status).toBe(200);
  });

  test('changes who is a member and which instance is connected', async () => {
    const asking = { method: 'POST' as const, body: { organization: 'acme', who: 'bruno', role: 'admin' } };
    expect((await ask(`${github}/_demo/memberships`, undefined, asking)).status).toBe(204);
    const membership = await ask(`${github}/orgs/acme/memberships/brunok`, DEMO_TOKENS.installation('acme'));
    expect(membership.body).toMatchObject({ role: 'admin' });
  });

  test('says what is wrong with a wrong command, and goes on', async () => {
    expect((await control('/faults', { fault: { kind: 'earthquake' } })).status).toBe(400);
    expect((await control('/contributions', { who: 'ada', date: '2026-02-30', count: 1 })).status).toBe(400);
    expect((await control('/contributions', { who: 'nobody', date: today, count: 1 })).status).toBe(400);
    expect((await control('/people', { key: 'half', id: 7 })).status).toBe(400);
    expect((await ask(`${instance}/api/v3/user`, token)).status).toBe(200);
  });
});
