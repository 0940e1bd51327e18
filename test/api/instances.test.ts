import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Reply } from './client.ts';
import { changesNothing } from './tables.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world.close());

type Shown = Record<string, unknown> & { id: string };
const registers = (kind: string, slug: string, credential?: string): Promise<Reply<Shown>> =>
  world.operator.post('/api/v1/accounts', { kind, slug, ...(credential !== undefined && { credential }) });
const records = async (subject: string) => {
  const { body } = await world.operator.get<{ items: Shown[] }>(`/api/v1/audit?subject=${subject}`);
  return body.items.map(({ action, detail }) => [action, detail]).toReversed();
};
const secretsKept = async () =>
  (
    await world.pool.query<{ text: string }>(
      'select t::text as text from account t union all select i::text from instance i',
    )
  ).rows
    .map((row) => row.text)
    .join('\n');

describe('an account', () => {
  test('is registered once, whatever the case of its name; a credential is kept encrypted and never shown', async () => {
    const made = await registers('organization', 'Initech', 'ghs_secret_one');
    expect(made).toMatchObject({ status: 201, body: { slug: 'initech', terms: null, hasCredential: true } });
    const again = await registers('organization', 'INITECH', 'ghs_secret_two');
    expect(again.body).toEqual(made.body);
    const other = await registers('enterprise', 'initech');
    expect(other.body).toMatchObject({ hasCredential: false });
    expect(other.body.id).not.toBe(made.body.id);
    const list = await world.support.get('/api/v1/accounts');
    for (const text of [list.text, made.text, await secretsKept()]) expect(text).not.toContain('ghs_secret');
  });

  test('keeps its credential when it is registered again without one', async () => {
    const { body } = await registers('organization', 'umbrella', 'ghs_secret');
    const credential = async () =>
      (await world.pool.query('select credential_ciphertext from account where id = $1', [body.id])).rows[0]
        .credential_ciphertext as Buffer;
    const before = await credential();
    expect((await registers('organization', 'umbrella')).body).toMatchObject({ hasCredential: true });
    expect(await credential()).toEqual(before);
    await registers('organization', 'umbrella', 'ghs_another');
    expect(await credential()).not.toEqual(before);
  });

  test('has the terms that were recorded, with who and when; what is so already is not recorded again', async () => {
    const { body } = await registers('organization', 'hooli');
    const set = (terms: string) => world.support.put(`/api/v1/accounts/${body.id}/terms`, { terms });
    world.setClock(new Date('2027-03-01T12:00:00Z'));
    expect(await set('standard')).toMatchObject({
      status: 200,
      body: { terms: 'standard', termsSetAt: '2027-03-01T12:00:00.000Z', termsSetBy: expect.stringMatching(/^token:/) },
    });
    world.setClock(undefined);
    expect(await changesNothing(world.pool, () => set('standard'))).toMatchObject({ status: 200 });
    await set('custom');
    expect(await records(body.id)).toEqual([
      ['account.registered', { kind: 'organization', credential: false }],
      ['account.terms_set', { from: null, to: 'standard' }],
      ['account.terms_set', { from: 'standard', to: 'custom' }],
    ]);
  });
});

describe('an instance', () => {
  test('is registered with its secrets, which are never shown, under the name that people know', async () => {
    const { body: account } = await registers('organization', 'acme', DEMO_TOKENS.installation('acme'));
    const made = await world.operator.post<Shown>('/api/v1/instances', {
      hostname: 'GHES.Acme.Example',
      kind: 'ghes',
      baseUrl: 'https://ghes.acme.example/',
      accountId: account.id,
      credential: 'ghp_secret',
      oauth: { clientId: 'Iv1.app', clientSecret: 'oauth_secret' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        hostname: 'ghes.acme.example',
        baseUrl: 'https://ghes.acme.example',
        account: { kind: 'organization', slug: 'acme' },
        connect: 'unknown',
        sharing: 'unavailable',
        hasCredential: true,
        hasOauth: true,
      },
    });
    expect(made.headers.get('location')).toBe(`/api/v1/instances/${made.body.id}`);
    expect((await world.support.get(`/api/v1/instances/${made.body.id}`)).body).toEqual(made.body);
    const { body } = await world.operator.get<{ items: Shown[] }>('/api/v1/instances');
    expect(body.items).toEqual([made.body]);
    expect(JSON.stringify(body) + (await secretsKept())).not.toMatch(/ghp_secret|oauth_secret/);
    expect(await records(made.body.id)).toEqual([['instance.registered', { kind: 'ghes' }]]);
  });

  test('of an organization has GitHub Connect as the operator records it', async () => {
    const { body } = await world.operator.get<{ items: Shown[] }>('/api/v1/instances');
    const path = `/api/v1/instances/${body.items[0]!.id}/connect`;
    expect(await world.operator.put(path, { connected: true })).toMatchObject({
      status: 200,
      body: { connect: 'connected' },
    });
    expect(await world.operator.put(path, { connected: false })).toMatchObject({
      status: 200,
      body: { connect: 'disconnected' },
    });
    expect((await records(body.items[0]!.id)).map(([action]) => action)).toEqual([
      'instance.registered',
      'instance.connect_recorded',
      'instance.connect_recorded',
    ]);
  });

  test('of an enterprise account has it as GitHub.com says: nobody records it', async () => {
    const { body: account } = await registers('enterprise', 'acme-inc', DEMO_TOKENS.enterpriseOwner);
    const sent = { hostname: 'other.example', kind: 'ghes', baseUrl: 'https://other.example', accountId: account.id };
    const { body } = await world.operator.post<Shown>('/api/v1/instances', sent);
    const path = `/api/v1/instances/${body.id}/connect`;
    const refused = await changesNothing(world.pool, () => world.operator.put(path, { connected: true }));
    expect(refused).toMatchObject({ status: 422, body: { facts: { fields: [{ field: 'connected' }] } } });
  });

  test('over plain HTTP is for a loopback address, where the operator and the settings allow it', async () => {
    const { body: account } = await registers('organization', 'acme');
    const sent = (changes: object) =>
      world.operator.post('/api/v1/instances', {
        hostname: `${randomUUID()}.example`,
        kind: 'gitea',
        baseUrl: 'http://127.0.0.1:3001',
        accountId: account.id,
        allowHttpLoopback: true,
        ...changes,
      });
    expect(await sent({})).toMatchObject({ status: 201, body: { kind: 'gitea', allowHttpLoopback: true } });
    for (const changes of [
      { allowHttpLoopback: false },
      { baseUrl: 'http://192.168.0.1' },
      { baseUrl: 'http://[::2]' },
    ]) {
      expect(await changesNothing(world.pool, () => sent(changes))).toMatchObject({
        status: 422,
        code: 'address_not_allowed',
      });
    }
    const { config } = world.deps;
    world.deps.config = { ...config, ALLOW_HTTP_LOOPBACK: false };
    expect(await changesNothing(world.pool, () => sent({}))).toMatchObject({
      status: 422,
      code: 'address_not_allowed',
    });
    world.deps.config = config;
  });

  test("at an address of the operator's own network is for HTTPS, where the operator allowed it, and is changed on record", async () => {
    const { body: account } = await registers('organization', 'acme');
    const sent = (baseUrl: string, changes: object = {}) =>
      world.operator.post<Shown>('/api/v1/instances', {
        hostname: `${randomUUID()}.example`,
        kind: 'ghes',
        baseUrl,
        accountId: account.id,
        ...changes,
      });
    const allowed = { allowPrivateNetwork: true };
    const made = await sent('https://10.1.2.3', allowed);
    expect(made).toMatchObject({ status: 201, body: { allowPrivateNetwork: true, allowHttpLoopback: false } });
    for (const [baseUrl, changes] of [
      ['https://10.1.2.3', {}],
      ['https://0xa010203', {}],
      ['http://10.1.2.3', { ...allowed, allowHttpLoopback: true }],
      ['https://169.254.169.254', allowed],
      ['https://[::ffff:a9fe:a9fe]', allowed],
    ] as const) {
      expect(await changesNothing(world.pool, () => sent(baseUrl, changes))).toMatchObject({
        status: 422,
        code: 'address_not_allowed',
      });
    }
    const path = `/api/v1/instances/${made.body.id}/network`;
    expect(await world.operator.put(path, { allowPrivateNetwork: false })).toMatchObject({
      status: 200,
      body: { allowPrivateNetwork: false },
    });
    expect(await records(made.body.id)).toEqual([
      ['instance.registered', { kind: 'ghes' }],
      ['instance.network_set', { allowPrivateNetwork: false }],
    ]);
  });
});
