import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_STAFF_CLIENT, SUPPORT_GROUP } from '../../demo/peers/staff-accounts.ts';
import { startStaffIssuer, type StaffIssuer } from '../../demo/peers/staff-issuer.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { visitorOf, type Visitor } from './visitor.ts';
import { startWork } from './workers.ts';

let issuer: StaffIssuer;
let world: ApiWorld;
let stopWork: () => Promise<void>;
let requestId: string;
beforeAll(async () => {
  issuer = await startStaffIssuer();
  world = await createApiWorld({
    STAFF_ISSUER: issuer.url,
    STAFF_CLIENT_ID: DEMO_STAFF_CLIENT.clientId,
    STAFF_CLIENT_SECRET: DEMO_STAFF_CLIENT.clientSecret,
    STAFF_CLAIM: `groups=${SUPPORT_GROUP}`,
  });
  stopWork = await startWork(world);
  const instanceId = await world.register();
  // Chloé owns the account; made a site administrator too, she asks for access.
  world.instance.people.change('chloe', { siteAdmin: true });
  const asked = await (await world.person('chloe')).post<{ id: string }>('/api/v1/access-requests', { instanceId });
  requestId = asked.body.id;
});
afterAll(async () => {
  await stopWork();
  await world.close();
  await issuer.close();
});

async function signsInAsStaff(name: string): Promise<Visitor> {
  const one = visitorOf(world);
  await one.opens('/sign-in');
  await one.presses('Sign in as support');
  await one.presses(`Continue as ${name}`);
  return one;
}

const denies = (one: Visitor) =>
  one.asks('POST', `/api/v1/access-requests/${requestId}/deny`, { note: 'Not this time.' });
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code;

describe('support', () => {
  test('signs in at the company’s issuer and sees the queue', async () => {
    const sanna = await signsInAsStaff('Sanna Okafor');
    expect(sanna.browser.page().url.pathname).toBe('/account');
    expect(sanna.browser.page().text).toContain('You are signed in as support');
    const queue = (await (await sanna.asks('GET', '/api/v1/access-requests')).json()) as { items: { id: string }[] };
    expect(queue.items.map(({ id }) => id)).toEqual([requestId]);
    expect((await sanna.asks('GET', '/api/v1/me/data')).status).toBe(403);
  });

  test('is not whoever is in another group, or gone there', async () => {
    const rosa = await signsInAsStaff('Rosa Whitlock');
    expect(rosa.browser.page().status).toBe(403);
    expect(rosa.browser.page().text).toContain('Your account is not one of support');
    expect((await rosa.asks('GET', '/api/v1/access-requests')).status).toBe(401);
  });

  test('is the same person at each sign-in, and is signed in for a quarter of an hour', async () => {
    const [first, again] = [await signsInAsStaff('Milan Petrov'), await signsInAsStaff('Milan Petrov')];
    const sessions = (await (await again.asks('GET', '/api/v1/me/sessions')).json()) as { items: unknown[] };
    expect(sessions.items).toHaveLength(2);
    world.setClock(new Date(Date.now() + 16 * 60_000));
    expect((await first.asks('GET', '/api/v1/access-requests')).status).toBe(401);
    world.setClock(undefined);
  });

  test('decides nothing before it is known who they are at GitHub.com, and never a request of their own', async () => {
    const sanna = await signsInAsStaff('Sanna Okafor');
    await sanna.asks('POST', `/api/v1/access-requests/${requestId}/contacts`, { note: 'Called.' });
    const unknown = await denies(sanna);
    expect([unknown.status, await codeOf(unknown)]).toEqual([403, 'account_unknown']);
    await sanna.opens('/account');
    await sanna.presses('Sign in at GitHub.com');
    await sanna.presses(`Sign in as ${world.github.people.get('chloe').login}`);
    await sanna.presses('Authorize');
    const own = await denies(sanna);
    expect([own.status, await codeOf(own)]).toEqual([403, 'own_request']);
  });

  test('decides somebody else’s, and stays known at GitHub.com from then on', async () => {
    const milan = await signsInAsStaff('Milan Petrov');
    await milan.presses('Sign in at GitHub.com');
    await milan.presses(`Sign in as ${world.github.people.get('hana').login}`);
    await milan.presses('Authorize');
    const again = await signsInAsStaff('Milan Petrov');
    expect(again.browser.page().text).toContain('Your GitHub.com account is known');
    expect((await denies(again)).status).toBe(200);
    const { rows } = await world.pool.query<{ actor: string }>(
      `select actor from audit where subject_id = $1 and action = 'request.denied'`,
      [requestId],
    );
    expect(rows[0]!.actor).toMatch(/^staff:[\da-f-]{36}$/);
  });

  test('cannot be signed in by what another browser was answered', async () => {
    const one = visitorOf(world, (url) => url.pathname === '/sign-in/callback/staff');
    await one.opens('/sign-in');
    await one.presses('Sign in as support');
    await one.presses('Continue as Sanna Okafor');
    const back = one.browser.page().url.href;
    const other = visitorOf(world);
    await other.opens('/sign-in');
    expect((await other.browser.opens(back)).status).toBe(400);
    // Nor at another place than it was sent to.
    expect((await one.browser.asks('GET', back.replace('/staff?', '/github?'))).status).toBe(400);
    expect((await one.browser.asks('GET', back)).status).toBe(303);
  });
});

test('nobody is signed in by an ID token that the issuer’s published keys did not sign', async () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const forged = await startStaffIssuer({ publishes: { keys: [{ ...jwk, use: 'sig', alg: 'RS256' }] } });
  const { config } = world.deps;
  world.deps.config = { ...config, STAFF_ISSUER: forged.url };
  try {
    const sanna = await signsInAsStaff('Sanna Okafor');
    expect(sanna.browser.page().status).toBe(503);
    expect((await sanna.asks('GET', '/api/v1/access-requests')).status).toBe(401);
  } finally {
    world.deps.config = config;
    await forged.close();
  }
});
