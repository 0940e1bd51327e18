import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Child } from '../../src/stack/child.ts';
import { startProgram } from '../../src/stack/programs.ts';
import { createApiWorld, personToken, type ApiWorld } from './api-world.ts';
import { caller } from './client.ts';
import { visitorOf } from './visitor.ts';

const LIMIT = 10;

let world: ApiWorld;
const dataDir = mkdtempSync(join(tmpdir(), 'uc-two-processes-'));
const started: Child[] = [];
let urls: string[];

async function startApi(name: string): Promise<string> {
  const { DATABASE_URL, TOKEN_KEYS } = world.deps.config;
  const { PATH, TEST_TEMPORAL_ADDRESS } = process.env;
  const own = { PATH, DATABASE_URL, TOKEN_KEYS, TEMPORAL_ADDRESS: TEST_TEMPORAL_ADDRESS, PORT: '0' };
  const settings = { PUBLIC_URL: world.url, RATE_LIMIT_FACTOR: '1', RATE_LIMIT_READ: `${LIMIT}/1h` };
  const child = startProgram(name, 'src/api/server.ts', { dataDir, env: { ...own, ...settings } });
  started.push(child);
  const line = await child.line((text) => text.includes('api is listening'));
  if (line === undefined) throw new Error(child.lastLines().join('\n'));
  return `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`;
}

beforeAll(async () => {
  world = await createApiWorld();
  await world.register();
  urls = await Promise.all([startApi('api-1'), startApi('api-2')]);
});
afterAll(async () => {
  await Promise.all(started.map((child) => child.stop()));
  await world.close();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('two API processes on one database', () => {
  test('hold one limit together', async () => {
    const token = await personToken(world, 'devi');
    const [one, two] = urls.map((url) => caller(url, token));
    const answers = await Promise.all(
      Array.from({ length: LIMIT + 2 }, (_, at) => (at % 2 === 0 ? one! : two!).get('/api/v1/connections')),
    );
    const allowed = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
    const left = allowed.map(({ headers }) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]));
    expect(left.toSorted((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, at) => at));
  });

  test('know one session, and what the one has ended opens nothing at the other', async () => {
    const emil = visitorOf(world);
    await emil.signsIn('emil');
    const sent = { cookie: emil.browser.cookies(world.url), origin: world.url };
    const [one, two] = urls.map((url) => caller(url, undefined, sent));
    type Sessions = { items: { id: string; isThis: boolean }[] };
    const [seen, also] = [await one!.get<Sessions>('/api/v1/me/sessions'), await two!.get('/api/v1/me/sessions')];
    expect([seen.status, also.body]).toEqual([200, seen.body]);
    const { id } = seen.body.items.find(({ isThis }) => isThis)!;
    expect((await one!.post(`/api/v1/me/sessions/${id}/end`)).status).toBe(204);
    expect((await two!.get('/api/v1/me/sessions')).status).toBe(401);
    expect((await one!.get('/api/v1/me/sessions')).status).toBe(401);
  });
});
