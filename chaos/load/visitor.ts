import { createBrowser, type Browser } from '../../demo/browser.ts';
import type { Random } from '../random.ts';
import type { Complain } from './caller.ts';

const HOSTNAME = 'ghes.acme.example';
const LOOKS_WITHIN_MS = 12_000;

export interface Visitor {
  name: string;
  act(random: Random): Promise<void>;
}

/**
 * A developer with a browser: signs in at both places, looks from either process, connects, signs out or asks to be
 * forgotten. What the one process has said of a session the other one knows, and what was ended opens nothing again.
 */
export function visitorOf(
  name: string,
  urls: readonly string[],
  login: { instance: string; github: string },
  complain: Complain,
): Visitor {
  const ended = new Set<string>();

  const opens = async (api: number, cookie: string): Promise<number | undefined> => {
    const headers = { cookie };
    const signal = AbortSignal.timeout(LOOKS_WITHIN_MS);
    return fetch(`${urls[api]}/api/v1/me/sessions`, { headers, signal }).then(
      ({ status }) => status,
      () => undefined,
    );
  };

  return {
    name,
    async act(random) {
      const api = random.between(0, 1);
      for (const cookie of ended) {
        if ((await opens(random.between(0, 1), cookie)) === 200)
          complain('a session that was ended to open nothing', { name });
      }
      const browser = createBrowser();
      const url = urls[api]!;
      // Whatever is broken just then shows a page about it, or nothing: then they come again later.
      const isIn = await signsIn(browser, url, login).catch(() => false);
      if (!isIn) return;
      const cookie = browser.cookies(url);
      const seen = await opens(1 - api, cookie);
      if (seen === 401) complain('a session to be known by each process', { name, api });
      if (random.chance(0.5)) await connects(browser, url).catch(() => undefined);
      if (random.chance(0.3)) {
        if (await asksToBeForgotten(browser, url)) ended.add(cookie);
        return;
      }
      if (!random.chance(0.5)) return;
      const out = await browser.presses('Sign out').catch(() => undefined);
      if (out?.status === 200 && out.url.pathname === '/sign-in') ended.add(cookie);
    },
  };
}

async function signsIn(browser: Browser, url: string, login: { instance: string; github: string }): Promise<boolean> {
  await browser.opens(`${url}/sign-in`);
  await browser.presses('Sign in at the instance', { hostname: HOSTNAME });
  await browser.presses(`Sign in as ${login.instance}`);
  await authorizes(browser, url);
  await browser.presses('Sign in at GitHub.com');
  await browser.presses(`Sign in as ${login.github}`);
  await authorizes(browser, url);
  return browser.page().url.pathname === '/account' && browser.page().status === 200;
}

/** By the authorization of both accounts; the second is not asked for again where it stands. */
async function connects(browser: Browser, url: string): Promise<void> {
  await browser.opens(`${url}/connect`);
  await browser.presses('Connect', { hostname: HOSTNAME });
  await authorizes(browser, url);
  await authorizes(browser, url);
}

/** @returns whether it was accepted: without an answer it may have been, or not */
async function asksToBeForgotten(browser: Browser, url: string): Promise<boolean> {
  const asked = await browser
    .asks('POST', `${url}/api/v1/me/forget`, { headers: { origin: url }, json: {} })
    .catch(() => undefined);
  return asked?.ok === true;
}

async function authorizes(browser: Browser, url: string): Promise<void> {
  if (browser.page().url.origin !== url) await browser.presses('Authorize');
}
