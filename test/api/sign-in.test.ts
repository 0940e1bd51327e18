import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refreshOf } from '../../demo/browser.ts';
import { SESSION_COOKIE } from '../../src/api/cookies.ts';
import { dropOldSessions } from '../../src/db/sessions.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { formOf, visitorOf, type Visitor } from './visitor.ts';

let world: ApiWorld;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
});
afterAll(() => world.close());

const visitor = () => visitorOf(world);
const mine = (one: Visitor) => one.asks('GET', '/api/v1/me/sessions');

describe('signing in', () => {
  test('at both places makes a person, who may do what an API token of theirs may', async () => {
    const devi = visitor();
    expect((await devi.signsInAtInstance('devi')).text).toContain('You are signed in at ghes.acme.example');
    expect((await mine(devi)).status).toBe(401);
    expect((await devi.signsInAtGitHub('devi')).url.pathname).toBe('/account');
    const data = (await (await devi.asks('GET', '/api/v1/me/data')).json()) as { identity: unknown };
    const { id: sourceUserId, createdAt: sourceCreatedAt } = world.instance.people.get('devi');
    const githubUserId = world.github.people.get('devi').id;
    expect(data.identity).toEqual({ instanceId, sourceUserId, sourceCreatedAt, githubUserId });
  });

  test('asks for no scope, and leaves no token behind at either place', async () => {
    const emil = visitor();
    await emil.signsIn('emil');
    for (const { url, people } of [world.instance, world.github]) {
      const asked = emil.browser.trail.filter((step) => step.url.href.startsWith(`${url}/login/oauth/authorize`));
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.map((step) => step.url.searchParams.get('scope'))).toEqual(asked.map(() => null));
      const { tokens } = people.get('emil');
      expect(tokens.filter((token) => token.value.startsWith('gho_demo_')).every((token) => !token.revoked)).toBe(true);
      expect(tokens.filter((token) => !token.value.startsWith('gho_demo_')).every((token) => token.revoked)).toBe(true);
    }
    expect((await world.pool.query('select 1 from held_token')).rowCount).toBe(0);
  });

  test('asks Gitea for the one scope that it needs: a token without any may do everything there', async () => {
    const { body: account } = await world.operator.get<{ items: { id: string }[] }>('/api/v1/accounts');
    const sent = {
      hostname: 'gitea.acme.example',
      kind: 'gitea',
      baseUrl: world.instance.url,
      allowHttpLoopback: true,
      accountId: account.items[0]!.id,
      oauth: { clientId: 'of-gitea', clientSecret: 'of-gitea' },
    };
    expect((await world.operator.post('/api/v1/instances', sent)).status).toBe(201);
    const devi = visitor();
    await devi.opens('/sign-in');
    const { url } = await devi.presses('Sign in at the instance', { hostname: 'gitea.acme.example' });
    expect(url.href).toContain(`${world.instance.url}/login/oauth/authorize?`);
    expect(url.searchParams.get('scope')).toBe('read:user');
  });

  test('gives a new cookie each time, which nothing but our site sees, and the old one opens nothing', async () => {
    const ada = visitor();
    await ada.signsInAtInstance('ada');
    const half = ada.browser.cookies(world.url);
    await ada.signsInAtGitHub('ada');
    const lines = ada.browser.trail.flatMap((step) => step.setCookie).filter((line) => line.startsWith(SESSION_COOKIE));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/);
    expect(new Set(lines.map((line) => line.split(';')[0])).size).toBe(2);
    const old = await fetch(`${world.url}/api/v1/me/sessions`, { headers: { cookie: half } });
    expect(old.status).toBe(401);
  });

  test('as somebody else in a browser that was left open begins anew: nobody’s instance is paired with another one’s profile', async () => {
    const shared = visitor();
    await shared.signsIn('devi');
    const before = shared.browser.cookies(world.url);
    await shared.browser.opens(`${world.instance.url}/login`);
    await shared.presses(`Sign in as ${world.instance.people.get('emil').login}`);
    await shared.opens('/connect');
    const form = formOf(shared);
    const left = await shared.asks('POST', `/sign-in/instance`, undefined, { origin: world.url });
    expect([left.status, form]).toEqual([403, expect.stringMatching(/^.{43}$/)]);
    const page = await shared.submits('/sign-in/instance', { form, hostname: 'ghes.acme.example' });
    expect(page.text).toContain('Sign in at GitHub.com');
    expect((await mine(shared)).status).toBe(401);
    expect((await fetch(`${world.url}/api/v1/me/sessions`, { headers: { cookie: before } })).status).toBe(401);
  });

  test('leads to the place by a page and no redirect, which a browser would hold against the form', async () => {
    const one = visitor();
    await one.opens('/sign-in');
    const form = formOf(one);
    const answer = await fetch(`${world.url}/sign-in/instance`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: world.url, cookie: one.browser.cookies(world.url) },
      body: new URLSearchParams({ form, hostname: 'ghes.acme.example' }),
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
    expect(answer.headers.get('content-security-policy')).toContain("form-action 'self';");
    const page = await answer.text();
    expect(refreshOf(page)).toMatch(`${world.instance.url}/login/oauth/authorize?`);
    expect(page).toContain(`Go to ${new URL(world.instance.url).host}</a>`);
  });

  test('is refused to whoever is suspended there, and to whoever cancels', async () => {
    world.instance.people.change('goran', { suspendedAt: '2026-01-01T00:00:00Z' });
    const goran = visitor();
    await goran.opens('/sign-in');
    await goran.presses('Sign in at the instance', { hostname: 'ghes.acme.example' });
    expect((await goran.presses('Sign in as gvidal')).status).toBe(403);
    world.instance.people.change('goran', { suspendedAt: null });
    const hana = visitor();
    await hana.opens('/sign-in');
    await hana.presses('Sign in at the instance', { hostname: 'https://GHES.acme.example/login' });
    await hana.presses('Sign in as hmori');
    const page = await hana.presses('Cancel');
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('The sign-in was given up or refused')]);
    expect((await mine(hana)).status).toBe(401);
  });

  test('at one place alone waits ten minutes for the other, and then for nobody', async () => {
    const devi = visitor();
    await devi.signsInAtInstance('devi');
    world.setClock(new Date(Date.now() + 9 * 60_000));
    expect((await devi.opens('/sign-in')).text).toContain('You are signed in at ghes.acme.example');
    world.setClock(new Date(Date.now() + 11 * 60_000));
    expect((await devi.opens('/sign-in')).text).not.toContain('You are signed in at');
    world.setClock(undefined);
  });

  test('at an instance that nobody registered says so', async () => {
    const one = visitor();
    await one.opens('/sign-in');
    const page = await one.presses('Sign in at the instance', { hostname: 'elsewhere.example' });
    expect([page.status, page.text]).toEqual([404, expect.stringContaining('No instance of this name is registered')]);
  });
});

describe('a callback', () => {
  const isOurs = (url: URL) => url.pathname.startsWith('/sign-in/callback');

  /** Somebody who has agreed at the instance, and whose browser has not come back yet. */
  async function onTheWay(key: string): Promise<{ one: Visitor; to: string }> {
    const one = visitorOf(world, isOurs);
    await one.opens('/sign-in');
    await one.presses('Sign in at the instance', { hostname: 'ghes.acme.example' });
    if (one.browser.page().url.pathname === '/login')
      await one.presses(`Sign in as ${world.instance.people.get(key).login}`);
    if (!isOurs(one.browser.page().url)) await one.presses('Authorize');
    return { one, to: one.browser.page().url.href };
  }

  test('counts once', async () => {
    const { one, to } = await onTheWay('farah');
    const signedIn = await one.browser.asks('GET', to);
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/sign-in?returnTo=%2Faccount']);
    const asked = world.instance.requests.all().length;
    const again = await one.browser.asks('GET', to);
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('begun in another browser')]);
    expect(world.instance.requests.all()).toHaveLength(asked);
  });

  test('counts in the browser that began alone: who is led to another one’s is not signed in by it', async () => {
    const { one, to } = await onTheWay('farah');
    const other = visitorOf(world);
    expect((await other.browser.opens(to)).status).toBe(400);
    await other.opens('/sign-in');
    expect((await other.browser.opens(to)).status).toBe(400);
    expect(other.browser.cookies(world.url)).not.toContain(SESSION_COOKIE);
    // The one whose it is has lost nothing by that.
    expect((await one.browser.asks('GET', to)).status).toBe(303);
  });

  test('with another state, of another place, or too late counts for nothing', async () => {
    const { one, to } = await onTheWay('farah');
    const foreign = new URL(to);
    foreign.searchParams.set('state', 'x'.repeat(43));
    expect((await one.browser.asks('GET', foreign.href)).status).toBe(400);
    const elsewhere = to.replace(/callback\/instances\/[^?]+/, 'callback/github');
    expect((await one.browser.asks('GET', elsewhere)).status).toBe(400);
    world.setClock(new Date(Date.now() + 11 * 60_000));
    expect((await one.browser.asks('GET', to)).status).toBe(400);
    world.setClock(undefined);
    expect((await one.browser.asks('GET', to)).status).toBe(303);
  });

  test('with a code that was taken by somebody on the way is refused', async () => {
    const { one, to } = await onTheWay('farah');
    const broken = new URL(to);
    broken.searchParams.set('code', 'of-somebody-else');
    const page = await one.browser.asks('GET', broken.href);
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('This sign-in is over')]);
  });

  test('while the instance is ill says so, and nothing is lost', async () => {
    const { one, to } = await onTheWay('farah');
    const fault = world.instance.faults.add({ kind: 'bad-gateway' }, { path: '/login/oauth/access_token' });
    expect((await one.browser.asks('GET', to)).status).toBe(503);
    world.instance.faults.remove(fault);
    await one.opens('/sign-in');
    expect((await one.presses('Sign in at the instance', { hostname: 'ghes.acme.example' })).url.href).toContain(
      '/sign-in/callback/instances/',
    );
  });
});

describe('a session', () => {
  test('ends when its owner ends it, elsewhere or here', async () => {
    const [laptop, phone] = [visitor(), visitor()];
    await laptop.signsIn('devi');
    await phone.signsIn('devi');
    await laptop.opens('/account');
    expect(laptop.browser.page().text).toContain('This browser');
    const { items } = (await (await mine(phone)).json()) as { items: { id: string; isThis: boolean }[] };
    const own = items.find((one) => one.isThis)!;
    expect((await laptop.asks('POST', `/api/v1/me/sessions/${own.id}/end`, {})).status).toBe(204);
    expect((await mine(phone)).status).toBe(401);
    await laptop.opens('/account');
    expect((await laptop.presses('Sign out')).url.pathname).toBe('/sign-in');
    expect((await mine(laptop)).status).toBe(401);
  });

  test('of somebody else cannot be ended', async () => {
    const [devi, emil] = [visitor(), visitor()];
    await devi.signsIn('devi');
    await emil.signsIn('emil');
    const { items } = (await (await mine(devi)).json()) as { items: { id: string }[] };
    expect((await emil.asks('POST', `/api/v1/me/sessions/${items[0]!.id}/end`, {})).status).toBe(404);
    expect((await mine(devi)).status).toBe(200);
  });

  test('ends when nobody uses it for half an hour, and after 8 hours in any case', async () => {
    const devi = visitor();
    await devi.signsIn('devi');
    const start = Date.now();
    const at = (minutes: number) => world.setClock(new Date(start + minutes * 60_000));
    try {
      for (let minutes = 29; minutes < 480; minutes += 29) {
        at(minutes);
        expect([minutes, (await mine(devi)).status]).toEqual([minutes, 200]);
      }
      at(481);
      expect((await mine(devi)).status).toBe(401);
    } finally {
      world.setClock(undefined);
    }
    const emil = visitor();
    await emil.signsIn('emil');
    at(31);
    expect((await mine(emil)).status).toBe(401);
    world.setClock(undefined);
  });

  test('changes something only from a page of ours', async () => {
    const devi = visitor();
    await devi.signsIn('devi');
    const show = (headers: Record<string, string>) =>
      devi.asks('PUT', '/api/v1/me/profile', { visibility: 'private' }, headers);
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${world.url}.evil.example` },
    ]) {
      const refused = await show(headers);
      expect([headers, refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        headers,
        403,
        'origin_refused',
      ]);
    }
    expect((await show({ origin: world.url })).status).toBe(200);
  });

  test('takes no field of a form from the address', async () => {
    const devi = visitor();
    await devi.opens('/sign-in');
    const form = formOf(devi);
    const sent = { method: 'POST', headers: { origin: world.url, cookie: devi.browser.cookies(world.url) } };
    const [inAddress, inBody] = [`/sign-in/github?form=${encodeURIComponent(form)}`, '/sign-in/github'];
    expect((await fetch(world.url + inAddress, sent)).status).toBe(403);
    const body = new URLSearchParams({ form });
    expect((await fetch(world.url + inBody, { ...sent, redirect: 'manual', body })).status).toBe(200);
  });

  test('takes no form but those that this browser was given', async () => {
    const devi = visitor();
    await devi.signsIn('devi');
    const send = (form: string, origin = world.url) =>
      fetch(`${world.url}/sign-out`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin, cookie: devi.browser.cookies(world.url) },
        body: new URLSearchParams({ form }),
      });
    const other = visitor();
    await other.opens('/sign-in');
    for (const form of ['', 'x'.repeat(43), formOf(other)]) expect((await send(form)).status).toBe(403);
    await devi.opens('/account');
    expect((await send(formOf(devi), 'https://evil.example')).status).toBe(403);
    expect((await mine(devi)).status).toBe(200);
    expect((await send(formOf(devi))).status).toBe(303);
  });

  test('leads nobody away: where to go afterwards is an address of ours', async () => {
    const devi = visitor();
    for (const returnTo of ['//evil.example', 'https://evil.example', '/\\evil.example', '/%0d%0aset-cookie:x']) {
      await devi.opens(`/sign-in?returnTo=${encodeURIComponent(returnTo)}`);
      expect(devi.browser.page().html).toContain('name="returnTo" value="/account"');
    }
  });

  test('is erased when it is over, and who it was of a month after they last signed in', async () => {
    const devi = visitor();
    await devi.signsIn('devi');
    const left = async (table: string) => (await world.pool.query(`select 1 from ${table}`)).rowCount ?? 0;
    const day = 24 * 3_600_000;
    await dropOldSessions(world.pool, new Date(), world.deps.config.SESSION_IDLE);
    expect([(await left('session')) > 0, (await left('identity')) > 0]).toEqual([true, true]);
    await dropOldSessions(world.pool, new Date(Date.now() + day), world.deps.config.SESSION_IDLE);
    expect([await left('session'), (await left('identity')) > 0]).toEqual([0, true]);
    await dropOldSessions(world.pool, new Date(Date.now() + 31 * day), world.deps.config.SESSION_IDLE);
    expect(await left('identity')).toBe(0);
  });
});
