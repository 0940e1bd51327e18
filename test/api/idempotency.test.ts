import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  claimKey,
  dropExpiredKeys,
  keepAnswer,
  releaseKey,
  renewKey,
  type KeyedRequest,
} from '../../src/db/idempotency.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world.close());

const account = (slug: string) => ({ kind: 'organization', slug });
const records = async () => Number((await world.pool.query('select count(*) from audit')).rows[0].count);

describe('a request with an Idempotency-Key', () => {
  test('sent again it gets the same answer, and nothing is done a second time', async () => {
    const first = await world.operator.post('/api/v1/accounts', account('acme'), { key: 'one' });
    const before = await records();
    const again = await world.operator.post('/api/v1/accounts', account('acme'), { key: 'one' });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(await records()).toBe(before);
  });

  test('with another body, or to another address, it is refused and changes nothing', async () => {
    await world.operator.post('/api/v1/accounts', account('globex'), { key: 'two' });
    const before = await records();
    const body = await world.operator.post('/api/v1/accounts', account('umbrella'), { key: 'two' });
    const address = await world.operator.post('/api/v1/sync/resume', {}, { key: 'two' });
    for (const reply of [body, address]) expect(reply).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect(await records()).toBe(before);
    expect((await world.operator.get('/api/v1/accounts')).text).not.toContain('umbrella');
  });

  test('a refusal is kept too', async () => {
    const missing = { hostname: 'x.example', kind: 'ghes', baseUrl: 'ftp://x.example', accountId: 'no' };
    expect(await world.operator.post('/api/v1/instances', missing, { key: 'three' })).toMatchObject({ status: 400 });
    const instance = { ...missing, baseUrl: 'https://x.example', accountId: '00000000-0000-4000-8000-000000000000' };
    // What could not even be read used up no key.
    const first = await world.operator.post('/api/v1/instances', instance, { key: 'three' });
    const again = await world.operator.post('/api/v1/instances', instance, { key: 'three' });
    expect(again).toMatchObject({ status: 422, code: 'value_refused', body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('keys of two callers are two keys', async () => {
    const { body } = await world.operator.post<{ id: string }>('/api/v1/accounts', account('initech'), { key: 'four' });
    const reply = await world.support.put(`/api/v1/accounts/${body.id}/terms`, { terms: 'standard' }, { key: 'four' });
    expect(reply).toMatchObject({ status: 200, body: { terms: 'standard' } });
  });

  test('ten at once do it once', async () => {
    const send = () => world.operator.post('/api/v1/accounts', account('hooli'), { key: 'five' });
    const before = await records();
    const replies = await Promise.all(Array.from({ length: 10 }, send));
    const codes = new Set(replies.map((reply) => reply.code ?? reply.status));
    for (const code of codes) expect([201, 'idempotency_in_progress']).toContain(code);
    expect(codes).toContain(201);
    expect(await records()).toBe(before + 1);
  });

  test('a key with a space, or of 201 characters, is refused', async () => {
    for (const key of ['a b', 'a'.repeat(201)]) {
      const reply = await world.operator.post('/api/v1/accounts', account('acme'), { key });
      expect(reply).toMatchObject({ status: 400, code: 'invalid_input' });
    }
  });
});

describe('the table behind it', () => {
  const t0 = new Date('2027-01-01T00:00:00Z');
  const after = (ms: number) => new Date(t0.getTime() + ms);
  const request = (key: string, now: Date): KeyedRequest => {
    return { caller: 'token:a', key, route: 'POST /x', bodyHash: createHash('sha256').digest(), now };
  };
  const refusal = (act: Promise<unknown>) =>
    act.then(
      () => undefined,
      (error: { code: string; retryAt?: string }) => error,
    );

  test('a request that died is taken over after 60 seconds, with the same update id', async () => {
    const first = await claimKey(world.pool, request('died', t0));
    const early = await refusal(claimKey(world.pool, request('died', after(59_999))));
    expect(early).toMatchObject({ code: 'idempotency_in_progress', retryAt: '2027-01-01T00:01:00.000Z' });
    expect(await claimKey(world.pool, request('died', after(60_000)))).toEqual(first);
    // The one that took over is under way now.
    expect(await refusal(claimKey(world.pool, request('died', after(60_001))))).toMatchObject({
      code: 'idempotency_in_progress',
    });
  });

  test('one that seemed dead and was not does not replace the answer of the one that took over', async () => {
    await claimKey(world.pool, request('slow', t0));
    await claimKey(world.pool, request('slow', after(60_000)));
    await keepAnswer(world.pool, request('slow', t0), { status: 200, answer: { first: true }, location: undefined });
    await keepAnswer(world.pool, request('slow', t0), { status: 409, answer: { first: false }, location: undefined });
    expect(await claimKey(world.pool, request('slow', after(61_000)))).toMatchObject({
      status: 200,
      answer: { first: true },
    });
  });

  test('two that take a dead one over at the same time: one goes on, the other is told to wait', async () => {
    await claimKey(world.pool, request('raced', t0));
    const late = () =>
      claimKey(world.pool, request('raced', after(60_000))).then(
        (claim) => claim.kind,
        (error: { code: string }) => error.code,
      );
    expect(new Set(await Promise.all([late(), late()]))).toEqual(new Set(['run', 'idempotency_in_progress']));
  });

  test('of what is not known to have happened the same is sent again at once, under the same update id', async () => {
    const first = await claimKey(world.pool, request('failed', t0));
    await releaseKey(world.pool, request('failed', t0));
    expect(await claimKey(world.pool, request('failed', after(1)))).toEqual(first);
  });

  test('what failed for good may be sent again at once, as a new act, unless another has taken it over', async () => {
    const first = await claimKey(world.pool, request('anew', t0));
    if (first.kind !== 'run') throw new Error('It is answered already.');
    await renewKey(world.pool, request('anew', t0), first.updateId);
    const second = await claimKey(world.pool, request('anew', after(1)));
    expect(second).toEqual({ kind: 'run', updateId: expect.not.stringMatching(first.updateId) });
    await renewKey(world.pool, request('anew', t0), first.updateId);
    expect(await refusal(claimKey(world.pool, request('anew', after(2))))).toMatchObject({
      code: 'idempotency_in_progress',
    });
  });

  test('an answer is kept for 24 hours; then the key means a new act', async () => {
    const first = await claimKey(world.pool, request('old', t0));
    await keepAnswer(world.pool, request('old', t0), { status: 202, answer: { a: 1 }, location: '/there' });
    expect(await claimKey(world.pool, request('old', after(86_399_999)))).toEqual({
      kind: 'replay',
      status: 202,
      answer: { a: 1 },
      location: '/there',
    });
    const later = await claimKey(world.pool, request('old', after(86_400_000)));
    expect(later).toMatchObject({ kind: 'run' });
    expect(later).not.toEqual(first);
  });

  test('what has expired is erased', async () => {
    await claimKey(world.pool, request('gone', t0));
    expect(await dropExpiredKeys(world.pool, after(86_400_000))).toBeGreaterThan(0);
    const { rows } = await world.pool.query(`select 1 from idempotency where key = 'gone'`);
    expect(rows).toEqual([]);
  });
});
