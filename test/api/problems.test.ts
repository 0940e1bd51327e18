import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ERRORS } from '../../src/domain/errors.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { caller } from './client.ts';

let world: ApiWorld;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
});
afterAll(() => world.close());

const newAccount = { kind: 'organization', slug: 'initech' };

describe('a request that is wrong is answered with a problem of its own code', () => {
  test('an address that is not there', async () => {
    expect(await world.anyone.get('/api/v1/nothing')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await world.anyone.get('/api/v1/profiles/%ZZ')).toMatchObject({ status: 404, code: 'not_found' });
  });

  test('a method that the address does not take, with those that it does', async () => {
    const reply = await world.operator.send('DELETE', '/api/v1/accounts');
    expect(reply).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(reply.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
    expect((await world.operator.send('OPTIONS', '/api/v1/accounts')).status).toBe(204);
  });

  test('no token, a token of another shape, and one that nobody made', async () => {
    for (const token of [undefined, 'uc_short', `uc_${'a'.repeat(43)}`]) {
      const reply = await caller(world.url, token).get('/api/v1/accounts');
      expect(reply).toMatchObject({ status: 401, code: 'unauthenticated' });
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('an act that is for another role', async () => {
    expect(await world.support.post('/api/v1/accounts', newAccount)).toMatchObject({ status: 403, code: 'forbidden' });
    const devi = await world.person('devi');
    expect(await devi.get('/api/v1/audit')).toMatchObject({ status: 403, code: 'forbidden' });
  });

  test('an id that is no id, and one of nothing', async () => {
    for (const id of ['1', randomUUID()]) {
      const reply = await world.operator.get(`/api/v1/instances/${id}`);
      expect(reply).toMatchObject({ status: 404, code: 'not_found' });
    }
  });

  test('JSON that does not parse', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const raw of ['{"kind":', '{kind}', '']) {
      const reply = await world.operator.post('/api/v1/accounts', undefined, { raw, headers });
      expect(reply).toMatchObject({ status: 400, code: raw === '' ? 'invalid_input' : 'malformed_json' });
    }
  });

  test('a body that is no JSON at all', async () => {
    const form = { raw: 'kind=organization', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect(await world.operator.post('/api/v1/accounts', undefined, form)).toMatchObject({ status: 415 });
    const packed = { raw: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } };
    expect(await world.operator.post('/api/v1/accounts', undefined, packed)).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
  });

  test('a body of 10 MB', async () => {
    const raw = JSON.stringify({ ...newAccount, slug: 'a'.repeat(10_000_000) });
    const reply = await world.operator.post('/api/v1/accounts', undefined, {
      raw,
      headers: { 'content-type': 'application/json' },
    });
    expect(reply).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('fields that are missing, wrong or unknown are each named, and what was sent is not repeated', async () => {
    const reply = await world.operator.post('/api/v1/accounts', {
      kind: 'SECRET-1',
      extra: 'SECRET-2',
      slug: 'SECRET 3',
    });
    expect(reply).toMatchObject({ status: 400, code: 'invalid_input' });
    const { fields } = reply.body['facts'] as { fields: { field: string }[] };
    expect(fields.map((one) => one.field)).toEqual(['kind', 'slug', '']);
    expect(reply.text).not.toContain('SECRET');
    expect(await world.operator.post('/api/v1/accounts', [])).toMatchObject({ status: 400, code: 'invalid_input' });
    expect((await world.operator.get('/api/v1/accounts')).text).not.toContain('SECRET');
  });

  test('a query with a field that is not known, twice there, or no time that exists', async () => {
    for (const query of ['colour=red', 'limit=1&limit=2', 'limit=0', 'from=2027-02-29T00:00:00Z', 'after=-1']) {
      expect(await world.operator.get(`/api/v1/audit?${query}`)).toMatchObject({ status: 400, code: 'invalid_input' });
    }
  });

  test('a date that does not exist in a body', async () => {
    const devi = await world.person('devi');
    const body = { instanceId, token: 'x', expiresAt: '2027-02-29T12:00:00Z' };
    const reply = await devi.post('/api/v1/connections', body);
    expect(reply).toMatchObject({
      status: 400,
      code: 'invalid_input',
      body: { facts: { fields: [{ field: 'expiresAt' }] } },
    });
  });

  test('an instance over plain HTTP that is not on this machine', async () => {
    const { body } = await world.operator.get<{ items: { id: string }[] }>('/api/v1/accounts');
    const base = { hostname: 'other.example', kind: 'ghes', accountId: body.items[0]!.id, allowHttpLoopback: true };
    for (const baseUrl of ['http://10.0.0.1', 'https://user:pass@other.example']) {
      const reply = await world.operator.post('/api/v1/instances', { ...base, baseUrl });
      expect(reply).toMatchObject({ status: 400, code: 'address_not_allowed' });
    }
    const twice = await world.operator.post('/api/v1/instances', {
      ...base,
      hostname: 'GHES.acme.example',
      baseUrl: 'https://o.example',
    });
    expect(twice).toMatchObject({ status: 400, body: { facts: { fields: [{ field: 'hostname' }] } } });
    const nowhere = await world.operator.post('/api/v1/instances', {
      ...base,
      accountId: randomUUID(),
      baseUrl: 'https://o.example',
    });
    expect(nowhere).toMatchObject({ status: 400, body: { facts: { fields: [{ field: 'accountId' }] } } });
    expect((await world.operator.get<{ items: unknown[] }>('/api/v1/instances')).body.items).toHaveLength(1);
  });

  test('every code has a page that its problems lead to', async () => {
    const { body } = await world.anyone.get('/api/v1/nothing');
    expect(body['type']).toBe('/problems/not_found');
    for (const code of Object.keys(ERRORS)) {
      expect((await fetch(new URL(`/problems/${code}`, world.url))).status).toBe(200);
    }
    expect(await world.anyone.get('/problems/unheard_of')).toMatchObject({ status: 404 });
  });
});

describe('what is logged and measured', () => {
  test('neither a token, a query nor an id of a path', async () => {
    const subject = randomUUID();
    await world.operator.get(`/api/v1/audit?subject=${subject}`);
    const devi = await world.person('devi');
    await devi.post('/api/v1/connections', { instanceId, token: 'gho_very_secret' });
    await world.anyone.get(`/api/v1/receipts/${subject}`);
    const text = world.log.join('');
    expect(text).toContain('/api/v1/receipts/:connectionId');
    expect(text).not.toMatch(new RegExp(`${subject}|uc_|gho_very_secret|draman`));
    const metrics = await world.anyone.get('/metrics');
    expect(metrics.text).toMatch(
      /uc_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/audit",status="200",code="ok"\} \d+/,
    );
  });

  test('an answer carries the id of its request', async () => {
    const given = 'a-request-of-mine';
    const reply = await world.anyone.get('/healthz', { headers: { 'x-request-id': given } });
    expect(reply.headers.get('x-request-id')).toBe(given);
    expect((await world.anyone.get('/healthz')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
