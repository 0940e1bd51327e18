import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SESSION_COOKIE } from '../../src/api/cookies.ts';
import { eventually } from '../support/world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { formOf, visitorOf, type Visitor } from './visitor.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
beforeAll(async () => {
  // As where people are: nobody connects by bringing a token.
  world = await createApiWorld({ CONNECT_BY_TOKEN: 'false' });
  stopWork = await startWork(world);
  await world.switchOn(await world.register());
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

const visitor = (stops?: (url: URL) => boolean) => visitorOf(world, stops);
type Shown = { id: string; status: string };

async function connectionsOf(one: Visitor): Promise<Shown[]> {
  return ((await (await one.asks('GET', '/api/v1/connections')).json()) as { items: Shown[] }).items;
}
const statusOf = async (one: Visitor) => (await connectionsOf(one))[0]?.status;
const liveTokens = (key: string) =>
  world.instance.people.get(key).tokens.filter(({ value, revoked }) => !revoked && !value.startsWith('gho_demo_'));

describe('connecting', () => {
  test('authorizes both accounts, shows exactly what will be sent, and sends it after the tick', async () => {
    const devi = visitor();
    const page = await devi.connects('devi');
    expect(page.url.pathname).toMatch(/^\/connections\//);
    await eventually(async () => (await statusOf(devi)) === 'connected', 'the connection');
    const shown = await devi.opens(page.url.pathname);
    expect(shown.text).toContain('Nothing is sent.');
    expect(shown.text).toMatch(/\d+ contributions from [\d-]+ to [\d-]+, as “GitHub Enterprise Server”/);
    expect((await world.pool.query('select 1 from ledger')).rowCount).toBe(0);
    // Without the tick nothing is sent.
    expect((await devi.presses('Start sending')).status).toBe(409);
    await devi.opens(page.url.pathname);
    await devi.presses('Start sending', { agreed: 'yes' });
    const [{ id }] = (await connectionsOf(devi)) as [Shown];
    const sent = async () =>
      ((await (await devi.asks('GET', `/api/v1/connections/${id}/sent`)).json()) as { days: unknown[] }).days;
    await eventually(async () => (await sent()).length > 0, 'the first counts');
    const looked = [...shown.html.matchAll(/<tr><td>([\d-]+)<\/td><td>(\d+)<\/td><\/tr>/g)];
    expect(await sent()).toEqual(looked.map(([, date, count]) => ({ date, count: Number(count) })));
  });

  test('asks the instance for read:user and GitHub.com for nothing, and keeps the one token that reads', async () => {
    const emil = visitor();
    await emil.connects('emil');
    const scopes = (url: string) =>
      emil.browser.trail
        .filter((step) => step.url.href.startsWith(`${url}/login/oauth/authorize?`))
        .map((step) => step.url.searchParams.get('scope'));
    expect(new Set(scopes(world.instance.url))).toEqual(new Set(['read:user']));
    expect(new Set(scopes(world.github.url))).toEqual(new Set([null]));
    expect(liveTokens('emil').map(({ scopes: granted }) => granted)).toEqual([['read:user']]);
    expect(world.github.people.get('emil').tokens.filter(({ revoked }) => !revoked)).toHaveLength(1);
  });

  test('and then signing in a dozen times more leaves the token that reads alone', async () => {
    const hana = visitor();
    await hana.connects('hana');
    const [reading] = liveTokens('hana');
    for (let times = 0; times < 12; times += 1) {
      const again = visitor();
      await again.signsIn('hana');
    }
    expect(liveTokens('hana')).toEqual([reading]);
    const [{ id }] = (await connectionsOf(hana)) as [Shown];
    await eventually(async () => (await statusOf(hana)) === 'connected', 'the connection');
    expect((await hana.asks('GET', `/api/v1/connections/${id}/preview`)).status).toBe(200);
  });

  test('by a token that somebody brings is for nobody', async () => {
    const ines = await world.person('ines');
    const body = { instanceId: (await idOfInstance())!, token: world.instance.people.tokenOf('ines') };
    const refused = await ines.post('/api/v1/connections', body);
    expect([refused.status, refused.code]).toEqual([403, 'forbidden']);
    expect(refused.body['detail']).toContain('at /connect');
  });

  test('through a session of somebody else is refused, and the token that was had by then is given back', async () => {
    const shared = visitor();
    await shared.signsIn('chloe');
    await shared.browser.opens(`${world.instance.url}/login`);
    await shared.presses(`Sign in as ${world.instance.people.get('bruno').login}`);
    await shared.opens('/connect');
    await shared.presses('Connect', { hostname: 'ghes.acme.example' });
    const page = await shared.presses('Authorize');
    expect([page.status, page.text]).toEqual([409, expect.stringContaining('another account than the one')]);
    expect(await connectionsOf(shared)).toEqual([]);
    expect(liveTokens('bruno')).toEqual([]);
    expect((await world.pool.query('select 1 from held_token')).rowCount).toBe(0);
  });

  test('under way in a browser in which somebody else signs in beside connects neither, and the token that was had by then is due back', async () => {
    const shared = visitor((url) => url.pathname === '/sign-in/callback/github');
    await shared.opens('/sign-in');
    const form = formOf(shared);
    const stopped = (await shared.connects('bruno')).url.href;
    await shared.browser.opens(`${world.instance.url}/login`);
    await shared.presses(`Sign in as ${world.instance.people.get('chloe').login}`);
    const fields = { form, hostname: 'ghes.acme.example', returnTo: '/account' };
    expect((await shared.submits('/sign-in/instance', fields)).text).toContain('You are signed in at');
    expect((await shared.browser.asks('GET', stopped)).status).toBe(400);
    const links = await world.pool.query('select 1 from connection_person where source_user_id = any($1)', [
      ['bruno', 'chloe'].map((key) => world.instance.people.get(key).id),
    ]);
    expect(links.rowCount).toBe(0);
    const held = await world.pool.query<{ due: boolean }>('select next_try_at <= now() as due from held_token');
    expect(held.rows).toEqual([{ due: true }]);
  });

  test('begun in one browser and ended in another connects nothing', async () => {
    const atGitHub = (url: URL) => url.pathname === '/sign-in/callback/github';
    const farah = visitor(atGitHub);
    const stopped = await farah.connects('farah');
    expect(stopped.url.pathname).toBe('/sign-in/callback/github');
    const mallory = visitor();
    await mallory.opens('/connect');
    expect((await mallory.browser.opens(stopped.url.href)).status).toBe(400);
    expect((await farah.browser.asks('GET', stopped.url.href)).status).toBe(303);
    expect((await farah.browser.asks('GET', stopped.url.href)).status).toBe(400);
    expect(await connectionsOf(farah)).toHaveLength(1);
  });

  test('begun in a session that is over when the browser comes back connects nothing', async () => {
    const chloe = visitor((url) => url.pathname === '/sign-in/callback/github');
    const stopped = await chloe.connects('chloe');
    const back = stopped.url.href;
    chloe.browser.forgets(world.url, SESSION_COOKIE);
    expect((await chloe.browser.asks('GET', back)).status).toBe(400);
    const again = visitor();
    await again.signsIn('chloe');
    expect(await connectionsOf(again)).toEqual([]);
  });

  test('again, when connected already, renews the token and gives the old one back', async () => {
    const ada = visitor();
    const first = await ada.connects('ada');
    const [old] = liveTokens('ada');
    const second = await ada.connects('ada');
    expect(second.url.pathname).toBe(first.url.pathname);
    const held = await world.pool.query(
      'select next_try_at <= now() as due from held_token where instance_id is not null',
    );
    expect(held.rows).toContainEqual({ due: true });
    expect(liveTokens('ada').map(({ value }) => value)).toContain(old!.value);
  });
});

async function idOfInstance(): Promise<string | undefined> {
  return (await world.pool.query<{ id: string }>('select id from instance')).rows[0]?.id;
}
