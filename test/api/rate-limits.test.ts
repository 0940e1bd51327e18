import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allRoutes } from '../../src/api/routes/index.ts';
import { rateOf } from '../../src/api/route.ts';
import { createApiWorld, personToken, type ApiWorld } from './api-world.ts';
import { caller, type Caller, type Reply } from './client.ts';
import { changesNothing } from './tables.ts';
import { visitorOf } from './visitor.ts';

/** So few that a test reaches them, in a time that none outlasts. */
const RATES = {
  RATE_LIMIT_FACTOR: '1',
  RATE_LIMIT_READ: '3/1h',
  RATE_LIMIT_WRITE: '4/1h',
  RATE_LIMIT_COSTLY: '2/1h',
  RATE_LIMIT_REQUEST: '1/1h',
  RATE_LIMIT_REMOVAL: '5/1h',
  RATE_LIMIT_PUBLIC: '3/1h',
  RATE_LIMIT_SIGN_IN: '2/1h',
  RATE_LIMIT_GUESS: '3/1h',
};
const NOBODY = '00000000-0000-4000-8000-000000000000';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ ...RATES, TRUSTED_PROXIES: '127.0.0.1' });
  await world.register();
});
afterAll(() => world.close());

async function statuses(times: number, ask: () => Promise<Reply>): Promise<number[]> {
  const answers: number[] = [];
  for (let time = 0; time < times; time += 1) answers.push((await ask()).status);
  return answers;
}
/** As a proxy tells it. */
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('a caller who comes too often', () => {
  test('is told when to come again, and what is left in every answer before', async () => {
    const devi = await world.person('devi');
    const ask = () => devi.get('/api/v1/connections');
    const first = await ask();
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"read";q=3;w=3600');
    expect(first.headers.get('ratelimit')).toMatch(/^"read";r=2;t=3(600|59\d)$/);
    expect(await statuses(2, ask)).toEqual([200, 200]);
    const refused = await changesNothing(world.pool, ask);
    expect(refused).toMatchObject({ status: 429, code: 'too_many_requests', body: { retryAt: expect.any(String) } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect(refused.headers.get('ratelimit')).toMatch(/^"read";r=0;t=3(600|59\d)$/);
  });

  test('is told the same without being counted on', async () => {
    const emil = await world.person('emil');
    const ask = () => emil.get('/api/v1/connections');
    expect(await statuses(5, ask)).toEqual([200, 200, 200, 429, 429]);
    const { rows } = await world.pool.query<{ points: number }>(
      `select points from rate_limit where key like 'read:listConnections:%' order by expire desc limit 1`,
    );
    expect(rows).toEqual([{ points: 4 }]);
  });

  test('keeps nobody else from anything, nor themselves from other acts', async () => {
    const [farah, goran] = [await world.person('farah'), await world.person('goran')];
    expect(await statuses(4, () => farah.get('/api/v1/connections'))).toEqual([200, 200, 200, 429]);
    expect((await goran.get('/api/v1/connections')).status).toBe(200);
    expect((await farah.get('/api/v1/me/data')).status).toBe(200);
  });

  test.each([
    ['a write', 4, (who: Caller) => who.post(`/api/v1/access-requests/${NOBODY}/nudge`)],
    ['everything that is held about them', 2, (who: Caller) => who.get('/api/v1/me/data')],
    ['the state of sharing', 2, (who: Caller) => who.get(`/api/v1/instances/${NOBODY}/sharing`)],
    ['an access request', 2, (who: Caller) => who.get(`/api/v1/access-requests/${NOBODY}`)],
    ['a look at what would be sent', 2, (who: Caller) => who.get(`/api/v1/connections/${NOBODY}/preview`)],
    ['a request for access', 1, (who: Caller) => who.post('/api/v1/access-requests', { instanceId: NOBODY })],
    ['an update', 2, (who: Caller) => who.post(`/api/v1/connections/${NOBODY}/update`)],
    ['an opt-out', 5, (who: Caller) => who.post(`/api/v1/connections/${NOBODY}/opt-out`)],
  ])('of %s may come so often', async (_what, times, ask) => {
    const hana = await world.person('hana');
    const answers = await statuses(times + 1, () => ask(hana));
    expect(answers.map((status) => status === 429)).toEqual([...Array.from({ length: times }, () => false), true]);
  });

  test('with an act that is not for their role is counted too', async () => {
    const ivo = await world.person('ada');
    expect(await statuses(4, () => ivo.get('/api/v1/instances'))).toEqual([403, 403, 403, 429]);
  });
});

describe('whoever is not known is counted by address', () => {
  const profile = `/api/v1/profiles/${NOBODY}`;
  const guess = { headers: { authorization: `Bearer uc_${'x'.repeat(43)}` } };

  test('at public profiles', async () => {
    expect(await statuses(4, () => world.anyone.get(profile, from('198.51.100.1')))).toEqual([404, 404, 404, 429]);
    expect((await world.anyone.get(profile, from('198.51.100.2'))).status).toBe(404);
  });

  test('of IPv6 by the network that one client has', async () => {
    const addresses = ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::3', '2001:db8:1:2::4'];
    const answers: number[] = [];
    for (const address of addresses) answers.push((await world.anyone.get(profile, from(address))).status);
    expect(answers).toEqual([404, 404, 404, 429]);
    expect((await world.anyone.get(profile, from('2001:db8:1:3::1'))).status).toBe(404);
  });

  test('that a proxy of ours saw: what the client itself wrote before it changes nothing', async () => {
    const answers: number[] = [];
    for (const spoofed of ['192.0.2.1', '192.0.2.2', 'nonsense', '192.0.2.4, 192.0.2.5']) {
      answers.push((await world.anyone.get(profile, from(`${spoofed}, 198.51.100.9`))).status);
    }
    expect(answers).toEqual([404, 404, 404, 429]);
  });

  test('that is kept as a pseudonym', async () => {
    await world.anyone.get(profile, from('198.51.100.77'));
    const { rows } = await world.pool.query<{ key: string }>('select key from rate_limit');
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ key }) => key.includes('198.51'))).toEqual([]);
    expect(rows.filter(({ key }) => /^public:getProfile:[\da-f]{64}$/.test(key)).length).toBeGreaterThan(0);
  });

  test('with tokens that are none; who has one is let in at the same address', async () => {
    const at = from('198.51.100.20').headers;
    const tries = () => world.anyone.get('/api/v1/connections', { headers: { ...at, ...guess.headers } });
    expect(await statuses(4, tries)).toEqual([401, 401, 401, 429]);
    const token = await personToken(world, 'bruno');
    const bruno = await caller(world.url, token).get('/api/v1/connections', { headers: at });
    expect(bruno.status).toBe(200);
    // Asking without any is no guess.
    expect(await statuses(5, () => world.anyone.get('/api/v1/connections', { headers: at }))).toEqual(
      Array.from({ length: 5 }, () => 401),
    );
  });

  test('while they sign in, on a page that says so', async () => {
    const visitor = visitorOf(world);
    await visitor.opens('/sign-in');
    const form = /name="form" value="([^"]*)"/.exec(visitor.browser.page().html)?.[1] ?? '';
    const signIns = (address: string) =>
      fetch(`${world.url}/sign-in/instance`, {
        method: 'POST',
        headers: { origin: world.url, cookie: visitor.browser.cookies(world.url), ...from(address).headers },
        body: new URLSearchParams({ form, hostname: 'elsewhere.example' }),
      });
    const answers = [await signIns('198.51.100.30'), await signIns('198.51.100.30'), await signIns('198.51.100.30')];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 429]);
    expect(Number(answers[2]!.headers.get('retry-after'))).toBeGreaterThan(3500);
    const page = await answers[2]!.text();
    expect(page).toContain('Too many requests of this kind');
    expect(page).toMatch(/Come again at <time datetime="[^"]+:00\.000Z">/);
    expect((await signIns('198.51.100.31')).status).toBe(404);
  });
});

test('an address that no proxy of ours told is not believed', async () => {
  const open = await createApiWorld(RATES);
  const answers: number[] = [];
  for (const spoofed of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
    answers.push((await open.anyone.get(`/api/v1/profiles/${NOBODY}`, from(spoofed))).status);
  }
  expect(answers).toEqual([404, 404, 404, 429]);
  await open.close();
});

describe('a page and the API', () => {
  let shared: ApiWorld;
  beforeAll(async () => {
    shared = await createApiWorld({ RATE_LIMIT_FACTOR: '1', RATE_LIMIT_COSTLY: '2/1h' });
    await shared.switchOn(await shared.register());
  });
  afterAll(() => shared.close());

  test('share one limit of looks at the instance; past it the connection is shown without, and when to come again', async () => {
    const devi = visitorOf(shared);
    // Whoever has connected is led to the page: that is the first look.
    const first = await devi.connects('devi');
    const { pathname } = first.url;
    expect(first.text).toContain('What will be sent');
    expect((await devi.asks('GET', `/api/v1${pathname}/preview`)).status).toBe(200);
    shared.instance.requests.clear();
    const third = await devi.opens(pathname);
    expect(third.status).toBe(200);
    expect(third.text).toContain('ghes.acme.example');
    expect(third.text).not.toContain('What will be sent');
    expect(third.text).toMatch(/Too many requests of this kind Come again at [\d-]{10} [\d:]{5} UTC/);
    expect(shared.instance.requests.all()).toEqual([]);
    expect((await devi.asks('GET', `/api/v1${pathname}/preview`)).status).toBe(429);
  });
});

describe('where nobody can count', () => {
  beforeAll(() => world.pool.query('alter table rate_limit rename to rate_limit_gone'));
  afterAll(() => world.pool.query('alter table rate_limit_gone rename to rate_limit'));

  test('people opt out, are forgotten and disable as ever, and health is told', async () => {
    const chloe = await world.person('chloe');
    expect((await chloe.post(`/api/v1/connections/${NOBODY}/opt-out`)).status).toBe(404);
    expect((await chloe.post('/api/v1/me/forget')).status).toBeLessThan(300);
    const ada = await world.person('ada');
    const { rows } = await world.pool.query<{ id: string }>('select id from instance');
    const disabled = await ada.put(`/api/v1/instances/${rows[0]!.id}/sharing/instance-side`, { enabled: false });
    expect(disabled.code).toBe('sharing_unavailable');
    expect((await world.anyone.get('/healthz')).status).toBe(200);
  });

  test('nobody signs in', async () => {
    const page = await fetch(`${world.url}/sign-in/callback/github?code=x&state=y`);
    expect([page.status, await page.text()]).toEqual([
      503,
      expect.stringContaining('A service that this needs is down'),
    ]);
  });
});

test('every act that takes something back has a limit of its own, and what watches us has none', () => {
  const removals = allRoutes.filter((one) => rateOf(one) === 'removal').map((one) => one.operationId);
  expect(removals.toSorted((a, b) => a.localeCompare(b))).toEqual([
    'endSession',
    'forget',
    'forgetMe',
    'optOut',
    'revokeSharing',
    'setMyProfile',
    'switchAccountSide',
    'switchInstanceSide',
  ]);
  const unlimited = allRoutes.filter((one) => rateOf(one) === undefined);
  expect(unlimited.every((one) => one.tag === 'system')).toBe(true);
});
