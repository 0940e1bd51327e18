import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startGitHubPeer, type GitHubPeer } from '../../demo/peers/github-peer.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import type { Browser } from '../../demo/browser.ts';
import { authorizeUrl, browserOf, CALLBACK, comesBack, exchange, proofKey, tokenFor } from './signing-in.ts';

let instance: InstancePeer;
let github: GitHubPeer;
let browser: Browser;
beforeEach(async () => {
  [instance, github] = await Promise.all([startInstancePeer(), startGitHubPeer()]);
  browser = browserOf();
});
afterEach(async () => {
  await Promise.all([instance.close(), github.close()]);
});

const READS = { scope: 'read:user' };

describe('signing in at the demo instance', () => {
  test('asks who one is, then names the application and what it wants, then sends the browser back', async () => {
    expect((await browser.opens(authorizeUrl(instance, READS))).text).toContain('Sign in as draman Devi Raman');
    const consent = await browser.presses('Sign in as draman');
    expect(consent.text).toContain('Unified Contributions wants to access the account draman at the demo instance');
    expect(consent.text).toContain('read:user');
    const { url } = await browser.presses('Authorize');
    expect(url.href.split('?')[0]).toBe(CALLBACK);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      code: expect.stringMatching(/^[0-9a-f]{20}$/),
      state: 'of-this-browser',
    });
  });

  test('works the same at the demo GitHub.com, with other accounts', async () => {
    await browser.opens(authorizeUrl(github));
    const consent = await browser.presses('Sign in as deviraman');
    expect(consent.text).toContain('at the demo GitHub.com. Public data only');
    expect((await browser.presses('Authorize')).url.searchParams.has('code')).toBe(true);
  });

  test('whoever cancels comes back with access_denied and no code', async () => {
    await browser.opens(authorizeUrl(instance, READS));
    await browser.presses('Sign in as draman');
    const { url } = await browser.presses('Cancel');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: 'access_denied', state: 'of-this-browser' });
    expect(url.searchParams.has('code')).toBe(false);
  });

  test('a suspended person is refused, also one who signed in before', async () => {
    instance.people.suspend('devi');
    await browser.opens(authorizeUrl(instance));
    expect(await browser.presses('Sign in as draman')).toMatchObject({
      status: 403,
      url: expect.objectContaining({ pathname: '/session' }),
      text: expect.stringContaining('Your account was suspended'),
    });
    instance.people.unsuspend('devi');
    await comesBack(browser, instance, 'devi');
    instance.people.suspend('devi');
    expect((await browser.opens(authorizeUrl(instance))).status).toBe(403);
  });

  test('somebody who has left is not offered, and their browser is signed in no more', async () => {
    await comesBack(browser, instance, 'devi');
    instance.people.leave('devi');
    const page = await browser.opens(authorizeUrl(instance));
    expect(page.url.pathname).toBe('/login');
    expect(page.text).not.toContain('draman');
  });

  test('the account that the application suggests comes first, and with select_account one is asked again', async () => {
    const suggested = await browser.opens(authorizeUrl(instance, { login: 'hmori' }));
    expect(suggested.text).toMatch(/^Sign in to the demo instance Sign in as hmori/);
    await browser.presses('Sign in as hmori');
    await browser.presses('Authorize');
    const again = await browser.opens(authorizeUrl(instance, { prompt: 'select_account' }));
    expect(again.url.pathname).toBe('/login');
    expect((await browser.presses('Sign in as draman')).text).toContain('access the account draman');
  });

  test('a page that somebody else made up sends no browser elsewhere after the sign-in', async () => {
    await browser.opens(`${instance.url}/login?return_to=${encodeURIComponent('//evil.example/')}`);
    expect((await browser.presses('Sign in as draman')).url.origin).toBe(instance.url);
  });

  test('an application that it does not know gets 404', async () => {
    expect((await browser.opens(authorizeUrl(instance, { client_id: 'Iv1.unknown' }))).status).toBe(404);
  });
});

describe('consent', () => {
  test('is asked once of the same person for the same scopes', async () => {
    await comesBack(browser, instance, 'devi', READS);
    const { url } = await browser.opens(authorizeUrl(instance, READS));
    expect(url.searchParams.has('code')).toBe(true);
  });

  test('is asked again for a scope more, and of another person', async () => {
    await comesBack(browser, instance, 'devi');
    expect((await browser.opens(authorizeUrl(instance, READS))).text).toContain('read:user');
    const other = browserOf();
    await other.opens(authorizeUrl(instance));
    expect((await other.presses('Sign in as estrand')).text).toContain('wants to access the account estrand');
  });

  test('covers a request without any scope, which then gets all that was granted before', async () => {
    await comesBack(browser, instance, 'devi', READS);
    const token = await tokenFor(browser, instance, 'devi');
    expect(instance.people.byToken(token)?.token.scopes).toEqual(['read:user']);
  });

  test('is asked again where ten tokens were issued within the hour: an application may be in a loop', async () => {
    for (let count = 0; count < 10; count += 1) await tokenFor(browser, instance, 'devi', READS);
    expect((await browser.opens(authorizeUrl(instance, READS))).text).toContain('Reauthorization required');
    expect((await browser.presses('Authorize')).url.searchParams.has('code')).toBe(true);
  });
});

describe('where the browser is sent back to', () => {
  const REGISTERED = 'http://127.0.0.1/sign-in/callback';
  const sentTo = async (redirectUri: string) => {
    await comesBack(browser, instance, 'devi');
    return (await browser.opens(authorizeUrl(instance, { redirect_uri: redirectUri }))).url;
  };

  test('is the registered callback where the application says nothing', async () => {
    await comesBack(browser, instance, 'devi');
    const query = new URLSearchParams({ client_id: instance.application.clientId, state: 's' }).toString();
    const { url } = await browser.opens(`${instance.url}/login/oauth/authorize?${query}`);
    expect(url.href).toMatch(/^http:\/\/127\.0\.0\.1\/sign-in\/callback\?code=[0-9a-f]+&state=s$/);
  });

  test.each([
    'http://127.0.0.1:4321/sign-in/callback',
    'http://127.0.0.1:4321/sign-in/callback/instances/7',
    'http://127.0.0.1/sign-in/callback/github',
  ])('may be %s', async (redirectUri) => {
    expect((await sentTo(redirectUri)).href).toContain(`${redirectUri}?code=`);
  });

  test.each([
    'http://127.0.0.1:4321/sign-in',
    'http://127.0.0.1:4321/sign-in/callbacks',
    'http://127.0.0.1:4321/sign-in/callback/../../settings',
    'http://127.0.0.1:4321/sign-in/callback/%2e%2e/%2e%2e/settings',
    'https://127.0.0.1:4321/sign-in/callback',
    'http://localhost:4321/sign-in/callback',
    'http://evil.example/sign-in/callback',
    'not an address',
  ])('may not be %s: the registered callback hears redirect_uri_mismatch, with the state', async (redirectUri) => {
    const url = await sentTo(redirectUri);
    expect(url.href).toMatch(new RegExp(`^${REGISTERED}\\?error=redirect_uri_mismatch&`));
    expect(url.searchParams.get('state')).toBe('of-this-browser');
  });
});

describe('PKCE at the authorize page', () => {
  test.each([
    ['another method', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }],
    ['no method', { code_challenge: 'x'.repeat(43) }],
    ['no challenge', { code_challenge_method: 'S256' }],
    ['a challenge that is no SHA-256', { code_challenge: 'short', code_challenge_method: 'S256' }],
  ])('%s is refused', async (_name, asked: Record<string, string>) => {
    const { url } = await browser.opens(authorizeUrl(github, asked));
    expect(url.searchParams.get('error')).toBe('invalid_request');
  });

  test('none of that is looked at by a version that does not know PKCE', async () => {
    instance.oauth.verifiesPkce = false;
    const came = await comesBack(browser, instance, 'devi', { code_challenge_method: 'plain' });
    expect(came.has('code')).toBe(true);
  });
});

describe('the log of requests', () => {
  test('tells who came and what was asked for, and holds no code, state, secret or cookie', async () => {
    const { asked, verifier } = proofKey();
    const back = await comesBack(browser, instance, 'devi', { ...asked, ...READS, state: 'secret-state' });
    const code = back.get('code') ?? '';
    const { body } = await exchange(instance, { code, code_verifier: verifier });
    const came = instance.requests.by('devi');
    expect(came[1]).toMatchObject({ query: { scope: 'read:user', ...asked }, headers: { cookie: '***' } });
    expect(came.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /session',
      'GET /login/oauth/authorize',
      'POST /login/oauth/authorize',
      'POST /login/oauth/access_token',
    ]);
    const cookie = browser.cookies(instance.url).split('=')[1] ?? '';
    const { clientSecret } = instance.application;
    const secrets = ['secret-state', code, verifier, body.access_token ?? '', cookie, clientSecret];
    const log = JSON.stringify(instance.requests.all());
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
  });
});
