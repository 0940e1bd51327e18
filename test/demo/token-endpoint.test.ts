import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { startGitHubPeer, type GitHubPeer } from '../../demo/peers/github-peer.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { StateFile } from '../../demo/peers/state-file.ts';
import type { Browser } from '../../demo/browser.ts';
import { ask } from './ask.ts';
import { authorizeUrl, browserOf, CALLBACK, comesBack, exchange, proofKey, tokenFor } from './signing-in.ts';

const START = Date.parse('2026-03-18T12:00:00Z');

let now: number;
let instance: InstancePeer;
let github: GitHubPeer;
let browser: Browser;
beforeEach(async () => {
  now = START;
  const clock = { now: () => new Date(now) };
  [instance, github] = await Promise.all([startInstancePeer(clock), startGitHubPeer(clock)]);
  browser = browserOf();
});
afterEach(async () => {
  await Promise.all([instance.close(), github.close()]);
});

const READS = { scope: 'read:user' };
const codeOf = async (asked: Record<string, string> = READS, at: InstancePeer | GitHubPeer = instance) =>
  (await comesBack(browser, at, 'devi', asked)).get('code') ?? '';
const userOf = async (token: string) => ask<Record<string, unknown>>(`${instance.url}/api/v3/user`, token);
const BAD_CODE = {
  status: 200,
  body: { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' },
};

describe('a code', () => {
  test('is exchanged for a token that the API knows, with its scope', async () => {
    const answer = await exchange(instance, { code: await codeOf() });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^gho_[0-9A-Za-z]{36}$/),
      scope: 'read:user',
      token_type: 'bearer',
    });
    const user = await userOf(answer.body.access_token ?? '');
    expect(user).toMatchObject({ status: 200, body: { id: 1005 }, headers: { 'x-oauth-scopes': 'read:user' } });
  });

  test('opens GitHub.com too, without any scope', async () => {
    const token = await tokenFor(browser, github, 'devi');
    expect(await ask(`${github.url}/user`, token)).toMatchObject({
      body: { login: 'deviraman' },
      headers: { 'x-oauth-scopes': '' },
    });
  });

  test('is taken in a form as well, and answered in one unless JSON is asked for', async () => {
    const { clientId, clientSecret } = instance.application;
    const fields = { client_id: clientId, client_secret: clientSecret, code: await codeOf() };
    const sent = { method: 'POST', body: new URLSearchParams(fields) };
    const response = await fetch(`${instance.url}/login/oauth/access_token`, sent);
    expect(response.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
    expect(await response.text()).toMatch(/^access_token=gho_\w{36}&scope=read%3Auser&token_type=bearer$/);
    const again = await fetch(`${instance.url}/login/oauth/access_token`, sent);
    expect(new URLSearchParams(await again.text()).get('error')).toBe('bad_verification_code');
  });

  test('holds once', async () => {
    const code = await codeOf();
    expect((await exchange(instance, { code })).body.access_token).toBeDefined();
    expect(await exchange(instance, { code })).toMatchObject(BAD_CODE);
  });

  test('holds for 10 minutes', async () => {
    const [first, second] = [await codeOf(), await codeOf()];
    now = START + 10 * 60_000;
    expect((await exchange(instance, { code: first })).body.access_token).toBeDefined();
    now += 1;
    expect(await exchange(instance, { code: second })).toMatchObject(BAD_CODE);
  });

  test('is of one place: the other one does not know it', async () => {
    expect(await exchange(github, { code: await codeOf() })).toMatchObject(BAD_CODE);
  });

  test('is not exchanged for whoever was suspended in the meantime', async () => {
    const code = await codeOf();
    instance.people.suspend('devi');
    expect(await exchange(instance, { code })).toMatchObject(BAD_CODE);
  });

  test('needs the application’s own credentials, and holds on where these were wrong', async () => {
    const code = await codeOf();
    const error = {
      error: 'incorrect_client_credentials',
      error_description: 'The client_id and/or client_secret passed are incorrect.',
    };
    const wrong = [{ client_secret: 'guessed' }, { client_id: github.application.clientId }];
    for (const fields of wrong) {
      expect(await exchange(instance, { code, ...fields })).toMatchObject({ status: 200, body: error });
    }
    expect((await exchange(instance, { code })).body.access_token).toBeDefined();
  });

  test('is bound to the address that the browser came back to', async () => {
    const code = await codeOf();
    expect(await exchange(instance, { code, redirect_uri: `${CALLBACK}/other` })).toMatchObject({
      status: 200,
      body: {
        error: 'redirect_uri_mismatch',
        error_description: 'The redirect_uri MUST match the registered callback URL for this application.',
      },
    });
  });
});

describe('PKCE at the token endpoint', () => {
  test.each(['instance', 'github'] as const)('is verified at the %s', async (place) => {
    const at = { instance, github }[place];
    const { verifier, asked } = proofKey();
    const other = proofKey().verifier;
    expect(await exchange(at, { code: await codeOf(asked, at), code_verifier: other })).toMatchObject(BAD_CODE);
    expect(await exchange(at, { code: await codeOf(asked, at) })).toMatchObject(BAD_CODE);
    const answer = await exchange(at, { code: await codeOf(asked, at), code_verifier: verifier });
    expect(answer.body.access_token).toBeDefined();
  });

  test('is not asked of an application that sent no challenge', async () => {
    expect((await exchange(instance, { code: await codeOf() })).body.access_token).toBeDefined();
  });

  test('is ignored by a version that does not know it, also when that is switched over the control path', async () => {
    const body = { verifiesPkce: false };
    expect((await ask(`${instance.url}/_demo/oauth`, undefined, { method: 'POST', body })).body).toEqual(body);
    const code = await codeOf(proofKey().asked);
    expect((await exchange(instance, { code, code_verifier: 'anything' })).body.access_token).toBeDefined();
  });
});

describe('ten tokens of a person, application and scope', () => {
  const signsIn = async (times: number, asked: Record<string, string> = READS) => {
    const tokens: string[] = [];
    for (let count = 0; count < times; count += 1) tokens.push(await tokenFor(browser, instance, 'devi', asked));
    return tokens;
  };
  const holding = (tokens: readonly string[]) => tokens.map((token) => instance.people.byToken(token) !== undefined);

  test('hold; with the eleventh the oldest stops holding', async () => {
    const tokens = await signsIn(10);
    expect(holding(tokens)).toEqual(tokens.map(() => true));
    const eleventh = await signsIn(1);
    expect(holding([...tokens, ...eleventh])).toEqual([false, ...Array.from({ length: 10 }, () => true)]);
    expect((await userOf(tokens[0] ?? '')).status).toBe(401);
  });

  test('are counted without those that were revoked, of other scopes, or written down for the demo', async () => {
    const others = await signsIn(10);
    instance.people.revokeToken(others.pop() ?? '');
    const elsewhere = await signsIn(2, { scope: 'read:org' });
    const [fresh = ''] = await signsIn(1);
    expect(holding([...others, ...elsewhere, fresh, DEMO_TOKENS.instance('devi')])).toEqual(
      Array.from({ length: 13 }, () => true),
    );
  });
});

describe('a token that was issued', () => {
  test.each([
    ['the instance', '/api/v3'],
    ['GitHub.com', ''],
  ])('is told of and taken back by its application at %s, alone', async (_name, base) => {
    const at = base === '' ? github : instance;
    const [first, second] = [await tokenFor(browser, at, 'devi'), await tokenFor(browser, at, 'devi')];
    const { clientId, clientSecret } = at.application;
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const asking = { body: { access_token: first }, headers: { authorization } };
    const address = `${at.url}${base}/applications/${clientId}/token`;
    expect((await ask(address, undefined, { method: 'POST', ...asking })).body).toMatchObject({ scopes: [] });
    expect((await ask(address, undefined, { method: 'DELETE', ...asking })).status).toBe(204);
    expect([first, second].map((token) => at.people.byToken(token) !== undefined)).toEqual([false, true]);
  });

  test('is there after a restart, and so is the consent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peers-'));
    const restarted = async () => startInstancePeer({ state: new StateFile(join(folder, 'peers.json')) });
    const before = await restarted();
    const token = await tokenFor(browser, before, 'devi', READS);
    await before.close();
    const after = await restarted();
    expect(after.people.byToken(token)).toMatchObject({ person: { key: 'devi' }, token: { scopes: ['read:user'] } });
    await browser.opens(authorizeUrl(after, READS));
    expect((await browser.presses('Sign in as draman')).url.searchParams.has('code')).toBe(true);
    await after.close();
    await rm(folder, { recursive: true });
  });
});

describe('faults while people sign in', () => {
  test('meet the token endpoint, aimed at whose code it is', async () => {
    const code = await codeOf();
    instance.faults.add({ kind: 'bad-gateway' }, { who: 'emil', path: '/login/oauth/access_token' });
    instance.faults.add({ kind: 'maintenance' }, { who: 'devi', path: '/login/oauth/access_token', times: 1 });
    expect((await exchange(instance, { code })).status).toBe(503);
    expect((await exchange(instance, { code })).body.access_token).toBeDefined();
  });

  test('meet the authorize page, aimed at who is signed in', async () => {
    await comesBack(browser, instance, 'devi');
    instance.faults.add({ kind: 'too-many-requests' }, { who: 'devi', path: '/login/oauth/authorize', times: 1 });
    expect((await browser.opens(authorizeUrl(instance))).status).toBe(429);
    expect((await browser.opens(authorizeUrl(instance))).url.searchParams.has('code')).toBe(true);
  });

  test('missing-scope gives a token with fewer scopes than were asked for, and says so', async () => {
    const code = await codeOf();
    instance.faults.add({ kind: 'missing-scope' }, { path: '/login/oauth/access_token' });
    const { body } = await exchange(instance, { code });
    expect(body.scope).toBe('');
    instance.faults.clear();
    expect((await userOf(body.access_token ?? '')).headers['x-oauth-scopes']).toBe('');
  });

  test('of the counts leave the pages and the codes alone', async () => {
    instance.faults.add({ kind: 'lying-counts', lie: 'negative' });
    expect((await userOf(await tokenFor(browser, instance, 'devi', READS))).status).toBe(200);
  });

  test('a held exchange waits until it is let go', async () => {
    const code = await codeOf();
    const hold = instance.faults.hold({ who: 'devi', path: '/login/oauth/access_token' });
    const exchanging = exchange(instance, { code });
    expect(await hold.waiting()).toMatchObject([{ body: { code: '***', client_secret: '***' } }]);
    hold.release();
    expect((await exchanging).body.access_token).toBeDefined();
  });
});
