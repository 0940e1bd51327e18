import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { ACTIONS, type Action } from '../../src/api/authorize.ts';
import type { Role } from '../../src/api/identity.ts';
import type { Route } from '../../src/api/route.ts';
import { allRoutes } from '../../src/api/routes/index.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { caller, type Caller } from './client.ts';
import { allTables, expectUnchanged } from './tables.ts';

let world: ApiWorld;
let accountId: string;
let instanceId: string;
let otherInstanceId: string;
let callers: Record<Role, Caller>;
/** Devi's, and not the caller's. */
let connectionId: string;
let before: Record<string, string>;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
  await world.switchOn(instanceId);
  const devi = await world.person('devi');
  const made = await devi.post<{ id: string }>('/api/v1/connections', {
    instanceId,
    token: DEMO_TOKENS.instance('devi'),
  });
  connectionId = made.body.id;
  accountId = (await world.operator.get<{ items: { id: string }[] }>('/api/v1/accounts')).body.items[0]!.id;
  const other = { hostname: 'taken.example', kind: 'ghes', baseUrl: 'https://taken.example', accountId };
  otherInstanceId = (await world.operator.post<{ id: string }>('/api/v1/instances', other)).body.id;
  callers = { operator: world.operator, support: world.support, person: await world.person('emil') };
});
afterAll(() => world.close());
beforeEach(async () => {
  before = await allTables(world.pool);
});
// Whatever was refused has changed nothing.
afterEach(() => expectUnchanged(world.pool, before));

const json = { 'content-type': 'application/json' };
const newAccount = { kind: 'organization', slug: 'initech' };
const postAccount = (sent: object) => world.operator.post('/api/v1/accounts', undefined, sent);

/** A body that each writing operation takes. */
const BODIES: Record<string, () => object> = {
  registerAccount: () => newAccount,
  setTerms: () => ({ terms: 'standard' }),
  registerInstance: () => ({ hostname: 'o.example', kind: 'ghes', baseUrl: 'https://o.example', accountId }),
  recordConnect: () => ({ connected: true }),
  setNetwork: () => ({ allowPrivateNetwork: true }),
  replaceCredentials: () => ({ credential: 'another' }),
  requestAccess: () => ({ instanceId: randomUUID() }),
  giveInformation: () => ({ note: 'x' }),
  assignAccessRequest: () => ({ staff: `token:${randomUUID()}` }),
  logContact: () => ({ note: 'x' }),
  askForInformation: () => ({ note: 'x' }),
  approveAccessRequest: () => ({ note: 'x' }),
  denyAccessRequest: () => ({ note: 'x' }),
  switchInstanceSide: () => ({ enabled: true }),
  switchAccountSide: () => ({ enabled: true }),
  revokeSharing: () => ({ note: 'x' }),
  connect: () => ({ instanceId: randomUUID(), token: 'x' }),
  startSending: () => ({ consentVersion: 'x' }),
  moveConnection: () => ({ consentVersion: 'x' }),
  reconnect: () => ({ token: 'x' }),
  setMyProfile: () => ({ visibility: 'public' }),
  pauseRuns: () => ({ note: 'x' }),
};
const bodyOf = ({ operationId }: Route): object => BODIES[operationId]?.() ?? {};
const roleOf = (action: Action): Role => ACTIONS[action][0];

function send(route: Route, path: string, body: unknown = bodyOf(route)) {
  const who = route.action ? callers[roleOf(route.action)] : world.anyone;
  const sent = route.method === 'get' ? {} : { raw: JSON.stringify(body), headers: json };
  return who.send(route.method.toUpperCase(), path, sent);
}

describe('an address', () => {
  test('that is not there is answered 404', async () => {
    expect(await world.anyone.get('/api/v1/nothing')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await world.anyone.get('/api/v1/profiles/%ZZ')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await world.anyone.get('/API/v1/accounts')).toMatchObject({ status: 404, code: 'not_found' });
  });

  test.each([...new Set(allRoutes.map((route) => route.path))])('%s says which methods it takes', async (path) => {
    const takes = allRoutes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    const at = path.replaceAll(/:\w+/g, randomUUID());
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !takes.includes(one))) {
      const reply = await world.operator.send(method, at);
      expect(reply).toMatchObject({ status: 405, code: 'method_not_allowed' });
      const allowed = reply.headers.get('allow')!.split(', ');
      expect(new Set(allowed)).toEqual(new Set([...takes, ...(takes.includes('GET') ? ['HEAD'] : []), 'OPTIONS']));
    }
    expect((await world.operator.send('OPTIONS', at)).status).toBe(204);
  });
});

describe('an id', () => {
  const withId = allRoutes.filter((route) => route.path.includes(':id') || route.path.includes(':connectionId'));

  test.each(withId.map((route) => [route.operationId, route] as const))(
    'that is none, or is one of nothing, is answered 404 by %s',
    async (_, route) => {
      for (const id of ['1', randomUUID(), `${randomUUID()}x`]) {
        const reply = await send(route, route.path.replace(/:\w+/, id));
        expect(reply).toMatchObject({ status: 404, code: 'not_found' });
      }
    },
  );

  const connections = allRoutes.filter((route) => route.path.startsWith('/api/v1/connections/:id'));

  test.each(connections.map((route) => [route.operationId, route] as const))(
    'of somebody else’s connection is answered 404 by %s',
    async (_, route) => {
      const reply = await send(route, route.path.replace(':id', connectionId));
      expect(reply).toMatchObject({ status: 404, code: 'not_found' });
    },
  );

  test('of an instance that is there and is not the person’s own is answered 404', async () => {
    const ada = await world.person('ada');
    const { person } = callers;
    before = await allTables(world.pool);
    for (const who of [person, ada]) {
      const path = `/api/v1/instances/${otherInstanceId}/sharing`;
      const replies = [
        await who.get(path),
        await who.put(`${path}/instance-side`, { enabled: true }),
        await who.put(`${path}/account-side`, { enabled: false }),
        await who.post('/api/v1/connections', { instanceId: otherInstanceId, token: DEMO_TOKENS.instance('emil') }),
        await who.post('/api/v1/access-requests', { instanceId: otherInstanceId }),
      ];
      for (const reply of replies) expect(reply).toMatchObject({ status: 404, code: 'not_found' });
    }
  });

  test('of an account that nobody registered, and a host name that is taken, are named', async () => {
    const base = { hostname: 'other.example', kind: 'ghes', accountId, baseUrl: 'https://o.example' };
    const wrong = {
      accountId: { ...base, accountId: randomUUID() },
      hostname: { ...base, hostname: 'GHES.acme.example' },
    };
    for (const [field, body] of Object.entries(wrong)) {
      const reply = await world.operator.post('/api/v1/instances', body);
      expect(reply).toMatchObject({ status: 422, body: { facts: { fields: [{ field }] } } });
    }
  });
});

describe('a caller', () => {
  test('without a token, with one of another shape, with one that nobody made, or one that was revoked', async () => {
    for (const token of [undefined, 'uc_short', `uc_${'a'.repeat(43)}`, `uc_${'a'.repeat(43)} x`]) {
      const reply = await caller(world.url, token).get('/api/v1/accounts');
      expect(reply).toMatchObject({ status: 401, code: 'unauthenticated' });
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  const guarded = allRoutes.filter((route) => route.action);

  test.each(guarded.map((route) => [route.operationId, route] as const))(
    'whose token has no right to %s is told so, and a stranger is asked who they are',
    async (_, route) => {
      const path = route.path.replace(/:\w+/, randomUUID());
      const sent = route.method === 'get' ? {} : { raw: JSON.stringify(bodyOf(route)), headers: json };
      const allowed: readonly Role[] = ACTIONS[route.action!];
      for (const [role, who] of Object.entries(callers)) {
        if (allowed.includes(role as Role)) continue;
        const reply = await who.send(route.method.toUpperCase(), path, sent);
        expect(reply).toMatchObject({ status: 403, code: 'forbidden' });
      }
      const stranger = await world.anyone.send(route.method.toUpperCase(), path, sent);
      expect(stranger).toMatchObject({ status: 401, code: 'unauthenticated' });
    },
  );
});

describe('a body', () => {
  test.each(['{"kind":', '{kind}', '[', '\u0000', 'nul'])('that does not parse (%j)', async (raw) => {
    expect(await postAccount({ raw, headers: json })).toMatchObject({ status: 400, code: 'malformed_json' });
  });

  test('that is missing, or is no object', async () => {
    for (const raw of ['', '[]', '"text"', '7', 'null', 'true']) {
      expect(await postAccount({ raw, headers: json })).toMatchObject({ status: 400, code: 'invalid_input' });
    }
  });

  test.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain' }],
    ['packed', { ...json, 'content-encoding': 'gzip' }],
    ['in another character set', { 'content-type': 'application/json; charset=iso-8859-1' }],
  ])('that is %s', async (_, headers) => {
    const reply = await postAccount({ raw: JSON.stringify(newAccount), headers });
    expect(reply).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test('of 10 MB, in one piece and in many', async () => {
    const raw = JSON.stringify({ ...newAccount, slug: 'a'.repeat(10_000_000) });
    expect(await postAccount({ raw, headers: json })).toMatchObject({ status: 413, code: 'body_too_large' });
    const pieces = new Blob([raw]).stream();
    expect(await postAccount({ raw: pieces, headers: json })).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('of a stranger is not even read', async () => {
    const raw = JSON.stringify({ ...newAccount, slug: 'a'.repeat(10_000_000) });
    const reply = await world.anyone.post('/api/v1/accounts', undefined, { raw, headers: json });
    expect(reply).toMatchObject({ status: 401, code: 'unauthenticated' });
  });
});

describe('a field', () => {
  test('that is missing, wrong or unknown is named, and what was sent is not repeated', async () => {
    const reply = await world.operator.post('/api/v1/accounts', {
      kind: 'SECRET-1',
      extra: 'SECRET-2',
      slug: 'SECRET 3',
    });
    expect(reply).toMatchObject({ status: 400, code: 'invalid_input' });
    const { fields } = reply.body['facts'] as { fields: { field: string }[] };
    expect(fields.map((one) => one.field)).toEqual(['kind', 'slug', '']);
    expect(reply.text).not.toContain('SECRET');
  });

  const withBody = allRoutes.filter((route) => route.body !== undefined);
  /** What is odd for all fields but these. */
  const TAKEN: Record<string, unknown> = { 'repairPoison.attempts': 7 };
  const ODD: unknown[] = [null, 7, -1, [], {}, ['x'], '', ' ', 'nul \u0000', 'half \ud800', 'x'.repeat(5000)];

  test.each(withBody.map((route) => [route.operationId, route] as const))(
    'with an odd value is refused by %s with a code of its own',
    async (_, route) => {
      const path = route.path.replace(':id', route.path.includes('instances') ? instanceId : accountId);
      for (const field of Object.keys(route.body!.shape)) {
        const taken = TAKEN[`${route.operationId}.${field}`];
        for (const odd of ODD.filter((one) => one !== taken)) {
          const reply = await send(route, path, { ...bodyOf(route), [field]: odd });
          expect([400, 404, 409]).toContain(reply.status);
        }
      }
    },
  );

  test.each(withBody.map((route) => [route.operationId, route] as const))(
    'that nobody knows, or one left out, is refused by %s',
    async (_, route) => {
      const path = route.path.replace(':id', route.path.includes('instances') ? instanceId : accountId);
      const reply = await send(route, path, { ...bodyOf(route), surprise: 1 });
      expect(reply).toMatchObject({ status: 400, code: 'invalid_input' });
      for (const field of Object.keys(bodyOf(route))) {
        const { [field]: _out, ...rest } = bodyOf(route) as Record<string, unknown>;
        const without = await send(route, path, rest);
        expect(['invalid_input', 'note_required', 'not_found']).toContain(without.code);
      }
    },
  );

  test.each(['2027-02-29T12:00:00Z', '2027-13-01T00:00:00Z', '2027-04-31', '0000-01-01T00:00:00Z', 'tomorrow'])(
    'with a date that does not exist (%s)',
    async (date) => {
      const body = { instanceId, token: 'x', expiresAt: date };
      const reply = await callers.person.post('/api/v1/connections', body);
      expect(reply).toMatchObject({ status: 400, body: { facts: { fields: [{ field: 'expiresAt' }] } } });
      expect(await world.operator.get(`/api/v1/audit?from=${date}`)).toMatchObject({
        status: 400,
        code: 'invalid_input',
      });
    },
  );

  test.each(['http://10.0.0.1', 'https://user:pass@o.example', 'https://o.example?x=1', 'https://o.example#x'])(
    'with an address that no instance may have (%s)',
    async (baseUrl) => {
      const body = { hostname: 'o.example', kind: 'ghes', accountId, allowHttpLoopback: true, baseUrl };
      const reply = await world.operator.post('/api/v1/instances', body);
      expect(reply).toMatchObject({ status: 422, code: 'address_not_allowed' });
    },
  );

  test.each(['half of a \ud800 pair', 'with \u0000'])('that no text of the database can hold (%j)', async (note) => {
    for (const path of [`/api/v1/instances/${instanceId}/revoke`, `/api/v1/access-requests/${randomUUID()}/deny`]) {
      expect(await world.support.post(path, { note })).toMatchObject({ status: 400, code: 'invalid_input' });
    }
  });

  test.each(['', '   ', '\n\t'])('that should be a note and says nothing (%j)', async (note) => {
    for (const path of [`/api/v1/instances/${instanceId}/revoke`, `/api/v1/access-requests/${randomUUID()}/deny`]) {
      expect(await world.support.post(path, { note })).toMatchObject({ status: 400, code: 'note_required' });
    }
  });
});

describe('a query', () => {
  test.each([
    'colour=red',
    'limit=1&limit=2',
    'limit=0',
    'limit=201',
    'limit=x',
    'after=-1',
    'after=x',
    'subject=x',
    'from=2027-02-29T00:00:00Z',
    'actor=%00',
    'actor=',
    'actor=a%20b',
    'instance=1',
  ])('that is wrong (%s)', async (query) => {
    expect(await world.operator.get(`/api/v1/audit?${query}`)).toMatchObject({ status: 400, code: 'invalid_input' });
  });

  test.each(['strays:CjY01r', 'sync:k1.AAAA', 'connections:00000000-0000-4000-8000-000000000000'])(
    'of a place that the doctor never named (%s)',
    async (after) => {
      const reply = await world.operator.get(`/api/v1/doctor/findings?after=${after}`);
      expect(reply).toMatchObject({
        status: 422,
        code: 'value_refused',
        body: { facts: { fields: [{ in: 'query' }] } },
      });
      const repair = await world.operator.post('/api/v1/doctor/repairs', { after });
      expect(repair).toMatchObject({
        status: 422,
        code: 'value_refused',
        body: { facts: { fields: [{ in: 'body' }] } },
      });
    },
  );

  test('of an export or of a picture in a form that there is not', async () => {
    const svg = await world.anyone.get(`/api/v1/profiles/${randomUUID()}.svg?theme=pink`);
    expect(svg).toMatchObject({ status: 400, code: 'invalid_input' });
    const devi = `/api/v1/connections/${connectionId}/export?format=xml`;
    expect(await callers.person.get(devi)).toMatchObject({ status: 400, code: 'invalid_input' });
  });
});

describe('an Idempotency-Key', () => {
  const terms = (value: string, key: string) =>
    world.support.put(`/api/v1/accounts/${accountId}/terms`, { terms: value }, { key });

  test('that came with another body is refused', async () => {
    const first = await terms('nothing', 'never used');
    expect(first).toMatchObject({ status: 400, code: 'invalid_input' });
    const missing = { instanceId: randomUUID() };
    await callers.person.post('/api/v1/access-requests', missing, { key: 'twice' });
    const other = await callers.person.post('/api/v1/access-requests', { instanceId: randomUUID() }, { key: 'twice' });
    expect(other).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  test('whose first request is still under way is refused, with the time to come again', async () => {
    const body = { instanceId: randomUUID() };
    const asks = () => callers.person.post('/api/v1/access-requests', body, { key: 'busy' });
    await asks();
    await world.pool.query(`update idempotency set state = 'in_progress' where key = 'busy'`);
    const reply = await asks();
    expect(reply).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  test('with a space, or of 201 characters, is refused', async () => {
    for (const key of ['a b', 'a'.repeat(201)]) {
      expect(await terms('standard', key)).toMatchObject({ status: 400, code: 'invalid_input' });
    }
  });
});
