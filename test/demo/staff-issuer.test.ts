import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startStaffIssuer, type StaffIssuer } from '../../demo/peers/staff-issuer.ts';
import { createSignIn, type SignIn } from '../../src/identity/sign-in.ts';
import type { Application } from '../../src/identity/provider.ts';
import { createBrowser, type Browser } from '../../demo/browser.ts';

const CALLBACK = 'http://127.0.0.1:4321/sign-in/callback/staff';
const PROOF = { state: 'of-this-browser', verifier: 'v'.repeat(43), nonce: 'once' };

let signIn: SignIn;
let issuer: StaffIssuer;
let browser: Browser;
beforeAll(() => {
  signIn = createSignIn();
});
beforeEach(async () => {
  issuer = await startStaffIssuer();
  browser = browserOf();
});
afterEach(async () => issuer.close());
afterAll(async () => signIn.close());

const browserOf = () => createBrowser((url) => url.port === '4321');

const ours = (changes: Partial<Application> = {}): Application => {
  const web = { baseUrl: issuer.url, allowHttpLoopback: true };
  return { kind: 'discovered', web, ...issuer.client, ...changes };
};
const begin = (redirectUri = CALLBACK) => signIn.begin(ours(), { redirectUri, scope: 'openid', ...PROOF });
const finish = (url: URL, changes: Partial<typeof PROOF> = {}) =>
  signIn.finish(ours(), { url, now: new Date(), ...PROOF, ...changes });
const comesBack = async (name: string): Promise<URL> => {
  const { url } = await browser.opens((await begin()).href);
  return url.port === '4321' ? url : (await browser.presses(`Continue as ${name}`)).url;
};

describe('signing in as staff', () => {
  test('asks who one is, without a script or a password, and tells it by an ID token', async () => {
    const page = await browser.opens((await begin()).href);
    expect(page.text).toContain('Staff sign-in Continue as Sanna Okafor unified-contributions-support');
    const { url } = await browser.presses('Continue as Sanna Okafor');
    expect(url.href.split('?')[0]).toBe(CALLBACK);
    const { claims } = await finish(url);
    expect(claims).toMatchObject({
      iss: issuer.url,
      aud: 'unified-contributions',
      sub: 'staff-2041',
      name: 'Sanna Okafor',
      email: 'sanna.okafor@support.example',
      email_verified: true,
      groups: ['unified-contributions-support'],
      nonce: 'once',
    });
  });

  test('lets in a colleague who is not of support, and says so', async () => {
    expect((await finish(await comesBack('Rosa Whitlock'))).claims).toMatchObject({ groups: ['sales'] });
  });

  test('is asked once of a browser, and of each browser', async () => {
    await comesBack('Milan Petrov');
    const { claims } = await finish((await browser.opens((await begin()).href)).url);
    expect(claims).toMatchObject({ sub: 'staff-2077' });
    expect((await browserOf().opens((await begin()).href)).text).toContain('Staff sign-in');
  });

  test('somebody who has left is not offered, and their browser is signed in no more', async () => {
    await comesBack('Milan Petrov');
    issuer.accounts.splice(1, 1);
    const { text: said } = await browser.opens((await begin()).href);
    expect(said).toContain('Staff sign-in');
    expect(said).not.toContain('Milan Petrov');
  });

  test('what changes about somebody is said the next time', async () => {
    await comesBack('Milan Petrov');
    issuer.accounts[1]!.groups = [];
    expect((await finish(await comesBack('Milan Petrov'))).claims).toMatchObject({ groups: [] });
  });
});

describe('what the issuer refuses', () => {
  test('a request without PKCE', async () => {
    const url = await begin();
    url.searchParams.delete('code_challenge');
    url.searchParams.delete('code_challenge_method');
    expect((await browser.opens(url.href)).url.searchParams.get('error')).toBe('invalid_request');
  });

  test('a code with another verifier', async () => {
    const url = await comesBack('Sanna Okafor');
    await expect(finish(url, { verifier: 'w'.repeat(43) })).rejects.toMatchObject({ code: 'sign_in_invalid' });
  });

  test('a code that was used before', async () => {
    const url = await comesBack('Sanna Okafor');
    await finish(url);
    await expect(finish(url)).rejects.toMatchObject({ code: 'sign_in_invalid' });
  });

  test('a client that does not know its secret', async () => {
    const url = await comesBack('Sanna Okafor');
    const stranger = createSignIn();
    const answer = stranger.finish(ours({ clientSecret: 'guessed' }), { url, now: new Date(), ...PROOF });
    await expect(answer).rejects.toMatchObject({ code: 'sign_in_unavailable' });
    await stranger.close();
  });

  test.each([
    'http://127.0.0.1:4321/elsewhere',
    'http://localhost:4321/sign-in/callback/staff',
    'https://evil.example',
  ])('to send a browser to %s: it stays, and says why', async (redirectUri) => {
    const page = await browser.opens((await begin(redirectUri)).href);
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('invalid_redirect_uri') });
    expect(page.url.origin).toBe(issuer.url);
  });

  test('any but the address that it was started with', async () => {
    const strict = await startStaffIssuer({ redirectUris: ['https://contributions.example/sign-in/callback/staff'] });
    const asked = await begin();
    const at = (redirectUri: string) => {
      const url = new URL(asked.pathname + asked.search, strict.url);
      url.searchParams.set('redirect_uri', redirectUri);
      return browser.opens(url.href);
    };
    expect((await at(CALLBACK)).status).toBe(400);
    expect((await at('https://contributions.example/sign-in/callback/staff')).text).toContain('Staff sign-in');
    await strict.close();
  });

  test('somebody who is not of its accounts', async () => {
    await browser.opens((await begin()).href);
    expect((await browser.presses('Continue as Sanna Okafor', { sub: 'staff-0' })).status).toBe(404);
  });
});

describe('the issuer as a program', () => {
  test('is out of reach while it is down, and the same afterwards', async () => {
    await issuer.goDown();
    await expect(begin()).rejects.toMatchObject({ code: 'sign_in_unavailable' });
    await issuer.comeUp();
    expect((await finish(await comesBack('Sanna Okafor'))).claims).toMatchObject({ sub: 'staff-2041' });
  });

  test('starts beside the others and writes nothing but their addresses', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'demo/peers/main.ts']);
    const heard = { stdout: '', stderr: '' };
    child.stderr.on('data', (chunk: Buffer) => (heard.stderr += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      heard.stdout += chunk.toString();
      if (heard.stdout.endsWith('\n')) child.kill();
    });
    await once(child, 'close');
    const { stdout, stderr } = heard;
    expect(JSON.parse(stdout)).toMatchObject({ staff: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    expect(stderr).toBe('');
  });
});
