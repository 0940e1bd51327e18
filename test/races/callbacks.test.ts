import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { formOf, visitorOf, type Visitor } from '../api/visitor.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = await createApiWorld();
  await world.register();
});
afterEach(() => world.close());

const atGitHub = (url: URL) => url.pathname === '/sign-in/callback/github';
const mine = (one: Visitor) => one.asks('GET', '/api/v1/me/sessions');

/** Comes back from GitHub.com, which is slow to say who it is; what happens meanwhile has happened when it does. */
async function comesBackAfter(one: Visitor, meanwhile: () => Promise<unknown>): Promise<Response> {
  const hold = world.github.faults.hold({ who: 'devi' });
  const coming = one.browser.asks('GET', one.browser.page().url.href);
  await hold.waiting();
  await meanwhile();
  hold.release();
  return coming;
}

async function left() {
  const { rows } = await world.pool.query(
    `select (select count(*)::int from session) as sessions, (select count(*)::int from identity) as identities`,
  );
  return rows[0] as { sessions: number; identities: number };
}

describe('a sign-in under way', () => {
  test('brings nobody back who is forgotten meanwhile', async () => {
    const devi = visitorOf(world, atGitHub);
    await devi.signsIn('devi');
    const token = await world.person('devi');
    const back = await comesBackAfter(devi, async () => {
      expect((await token.post('/api/v1/me/forget')).status).toBe(200);
    });
    expect(back.status).toBe(400);
    expect((await mine(devi)).status).toBe(401);
    expect(await left()).toEqual({ sessions: 0, identities: 0 });
  });

  test('brings no session back that is ended elsewhere meanwhile', async () => {
    let stops = false;
    const [laptop, phone] = [visitorOf(world, (url) => stops && atGitHub(url)), visitorOf(world)];
    await laptop.signsIn('devi');
    await phone.signsIn('devi');
    const { items } = (await (await mine(laptop)).json()) as { items: { id: string; isThis: boolean }[] };
    const { id } = items.find(({ isThis }) => isThis)!;
    stops = true;
    await laptop.submits('/sign-in/github', { form: formOf(laptop), returnTo: '/account' });
    const back = await comesBackAfter(laptop, async () => {
      expect((await phone.asks('POST', `/api/v1/me/sessions/${id}/end`, {})).status).toBe(204);
    });
    expect(back.status).toBe(400);
    expect((await mine(laptop)).status).toBe(401);
    expect(await left()).toEqual({ sessions: 1, identities: 1 });
  });

  test('twice at once, in two tabs, is one session: the second is told that it came too late', async () => {
    let stops = false;
    const devi = visitorOf(world, (url) => stops && atGitHub(url));
    await devi.signsIn('devi');
    stops = true;
    const form = formOf(devi);
    const tabs: string[] = [];
    for (const returnTo of ['/account', '/connect']) {
      tabs.push((await devi.submits('/sign-in/github', { form, returnTo })).url.href);
    }
    const sent = { redirect: 'manual', headers: { cookie: devi.browser.cookies(world.url) } } as const;
    const answers = await Promise.all(tabs.map((url) => fetch(url, sent)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([303, 400]);
    expect(await left()).toEqual({ sessions: 1, identities: 1 });
  });

  test('goes on as the session that it was, as its owner sees it', async () => {
    const devi = visitorOf(world);
    await devi.signsIn('devi');
    const idsOf = async () =>
      ((await (await mine(devi)).json()) as { items: { id: string }[] }).items.map(({ id }) => id);
    const before = await idsOf();
    const cookie = devi.browser.cookies(world.url);
    await devi.submits('/sign-in/github', { form: formOf(devi), returnTo: '/account' });
    expect(await idsOf()).toEqual(before);
    expect(devi.browser.cookies(world.url)).not.toBe(cookie);
    expect((await fetch(`${world.url}/api/v1/me/sessions`, { headers: { cookie } })).status).toBe(401);
  });

  test('that ends first is one session, which ends with its person', async () => {
    const devi = visitorOf(world, atGitHub);
    await devi.signsIn('devi');
    expect((await comesBackAfter(devi, () => Promise.resolve())).status).toBe(303);
    expect(await left()).toEqual({ sessions: 1, identities: 1 });
    expect((await devi.asks('POST', '/api/v1/me/forget', {})).status).toBe(200);
    expect(await left()).toEqual({ sessions: 0, identities: 0 });
  });
});
