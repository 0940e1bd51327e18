import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../src/domain/errors.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';

let world: ApiWorld;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
});
afterAll(() => world.close());

describe('what is logged and measured', () => {
  test('is neither a token, a query nor an id of a path', async () => {
    const subject = randomUUID();
    await world.operator.get(`/api/v1/audit?subject=${subject}`);
    const devi = await world.person('devi');
    await devi.post('/api/v1/connections', { instanceId, token: 'gho_very_secret' });
    await world.anyone.get(`/api/v1/receipts/${subject}`);
    await world.anyone.get(`/nothing/${subject}`);
    const metrics = await world.anyone.get('/metrics');
    for (const text of [world.log.join(''), metrics.text]) {
      expect(text).toContain('/api/v1/receipts/:connectionId');
      expect(text).not.toMatch(new RegExp(`${subject}|uc_[A-Za-z0-9_-]{43}|gho_very_secret|draman`));
    }
  });

  test('is each answer by its route, its status and its code', async () => {
    await world.operator.get('/api/v1/audit');
    await world.anyone.get('/api/v1/audit');
    const { text, headers } = await world.anyone.get('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const counts = (labels: string) => new RegExp(`^uc_http_request_duration_seconds_count\\{${labels}\\} \\d+$`, 'm');
    expect(text).toMatch(counts('method="GET",route="/api/v1/audit",status="200",code="ok"'));
    expect(text).toMatch(counts('method="GET",route="/api/v1/audit",status="401",code="unauthenticated"'));
    expect(text).toMatch(/^# TYPE uc_http_request_duration_seconds histogram$/m);
    for (const [, count, infinite] of text.matchAll(/le="10"\} (\d+)\n.*le="\+Inf"\} (\d+)/g)) {
      expect(Number(infinite)).toBeGreaterThanOrEqual(Number(count));
    }
  });

  test('has the id of its request, which the answer carries too', async () => {
    const given = 'a-request-of-mine';
    const reply = await world.anyone.get('/healthz', { headers: { 'x-request-id': given } });
    expect(reply.headers.get('x-request-id')).toBe(given);
    expect(world.log.some((line) => line.includes(given))).toBe(true);
    for (const odd of ['short', 'with space', 'x'.repeat(65)]) {
      const other = await world.anyone.get('/healthz', { headers: { 'x-request-id': odd } });
      expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('an answer', () => {
  test('leads to a page about its code, for every code', async () => {
    const { body } = await world.anyone.get('/api/v1/nothing');
    expect(body['type']).toBe('/problems/not_found');
    for (const [code, { title }] of Object.entries(ERRORS)) {
      const page = await world.anyone.get(`/problems/${code}`);
      expect(page.text).toContain(`<h1>${title}</h1>`);
    }
    expect(await world.anyone.get('/problems/unheard_of')).toMatchObject({ status: 404 });
  });

  test('runs nothing and is framed by nobody', async () => {
    for (const path of ['/docs', '/healthz', '/nothing']) {
      const { headers } = await world.anyone.get(path);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test('of our own fault says nothing of what is inside, and is logged with where it happened', async () => {
    const { pool } = world.deps;
    world.deps.pool = { query: () => Promise.reject(new Error('row (draman, secret)')) } as never;
    const reply = await world.operator.get('/api/v1/accounts');
    world.deps.pool = pool;
    expect(reply).toMatchObject({ status: 500, code: 'internal' });
    expect(reply.text).not.toContain('draman');
    const logged = world.log.filter((line) => line.includes('"msg":"internal"'));
    expect(logged.join('')).toContain('findToken');
    expect(logged.join('')).not.toContain('draman');
  });

  test('while PostgreSQL cannot be reached is that it is down, and that the same request may come again', async () => {
    const { pool } = world.deps;
    const down = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    world.deps.pool = { query: () => Promise.reject(down), connect: () => Promise.reject(down) } as never;
    const replies = [await world.operator.get('/api/v1/accounts'), await world.anyone.get('/readyz')];
    world.deps.pool = pool;
    for (const reply of replies) expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(replies[1]!.body['facts']).toMatchObject({ database: false, temporal: true });
  });
});
