import assert from 'node:assert/strict';
import { createBrowser } from '../../demo/browser.ts';
import { caller, type Caller } from '../api/client.ts';

/** Where somebody signs in, and under which login. */
export interface Place {
  url: string;
  login: string;
}

/**
 * Signs in at both places in a browser of its own, and comes back a second time by the last address of the way, as whoever
 * had read it would: that is refused, and the session stays.
 * @returns what that browser asks the API with
 */
export async function signIn(url: string, hostname: string, instance: Place, github: Place): Promise<Caller> {
  const browser = createBrowser();
  const passes = async ({ url: place, login }: Place) => {
    await browser.presses(`Sign in as ${login}`);
    if (browser.page().url.origin === place) await browser.presses('Authorize');
  };
  await browser.opens(`${url}/sign-in`);
  await browser.presses('Sign in at the instance', { hostname });
  await passes(instance);
  await browser.presses('Sign in at GitHub.com');
  await passes(github);
  const { status, url: end, text } = browser.page();
  assert.deepEqual({ status, path: end.pathname }, { status: 200, path: '/account' }, text);
  const back = browser.trail.findLast(({ url: one }) => one.origin === url && one.searchParams.has('code'));
  assert(back, 'the way led over a callback');
  assert.equal((await browser.opens(back.url.href)).status, 400, 'a callback is good once');
  return caller(url, undefined, { cookie: browser.cookies(url), origin: url });
}

/** Ends the session that asks. @returns the answer, or the refusal of who is not signed in */
export async function signOut(session: Caller) {
  const sessions = await session.get<{ items: { id: string; isThis: boolean }[] }>('/api/v1/me/sessions');
  if (sessions.status !== 200) return sessions;
  const { id } = sessions.body.items.find(({ isThis }) => isThis)!;
  return session.post(`/api/v1/me/sessions/${id}/end`);
}
