import { createHash, randomBytes } from 'node:crypto';
import type { GitHubPeer } from '../../demo/peers/github-peer.ts';
import type { InstancePeer } from '../../demo/peers/instance-peer.ts';
import { createBrowser, type Browser } from '../../demo/browser.ts';
import { ask, type Asked } from './ask.ts';

export type Provider = Pick<InstancePeer | GitHubPeer, 'url' | 'application' | 'people'>;

/** Below the registered callback, at a port of its own: nobody listens there, the browser stops at it. */
export const CALLBACK = 'http://127.0.0.1:4321/sign-in/callback/here';

export const browserOf = (): Browser => createBrowser((url) => url.port === '4321' || url.port === '');

export function proofKey(): { verifier: string; asked: Record<string, string> } {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return { verifier, asked: { code_challenge: challenge, code_challenge_method: 'S256' } };
}

export function authorizeUrl({ url, application }: Provider, asked: Record<string, string> = {}): string {
  const fields = { client_id: application.clientId, redirect_uri: CALLBACK, state: 'of-this-browser', ...asked };
  return `${url}/login/oauth/authorize?${new URLSearchParams(fields).toString()}`;
}

/** Signs in and authorizes, where anybody asks. @returns what the browser came back with */
export async function comesBack(
  browser: Browser,
  at: Provider,
  key: string,
  asked: Record<string, string> = {},
): Promise<URLSearchParams> {
  const page = await browser.opens(authorizeUrl(at, asked));
  if (page.url.pathname === '/login') await browser.presses(`Sign in as ${at.people.get(key).login}`);
  if (browser.page().url.origin === at.url) await browser.presses('Authorize');
  return browser.page().url.searchParams;
}

export type TokenAnswer = Partial<
  Record<'access_token' | 'scope' | 'token_type' | 'error' | 'error_description', string>
>;

export async function exchange(at: Provider, fields: Record<string, string>): Promise<Asked<TokenAnswer>> {
  const { clientId, clientSecret } = at.application;
  const body = { client_id: clientId, client_secret: clientSecret, redirect_uri: CALLBACK, ...fields };
  const headers = { accept: 'application/json' };
  return ask(`${at.url}/login/oauth/access_token`, undefined, { method: 'POST', body, headers });
}

/** The whole way. @returns a token */
export async function tokenFor(
  browser: Browser,
  at: Provider,
  key: string,
  asked: Record<string, string> = {},
): Promise<string> {
  const { verifier, asked: challenge } = proofKey();
  const came = await comesBack(browser, at, key, { ...challenge, ...asked });
  const { body } = await exchange(at, { code: came.get('code') ?? '', code_verifier: verifier });
  if (body.access_token === undefined) throw new Error(`no token was issued: ${body.error}`);
  return body.access_token;
}
