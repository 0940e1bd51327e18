import type { ApiWorld } from './api-world.ts';
import { createBrowser, refreshOf, type Browser, type Page } from '../../demo/browser.ts';

const HOSTNAME = 'ghes.acme.example';

/** Somebody with a browser, at our pages and at those of the places where people sign in. */
export interface Visitor {
  browser: Browser;
  opens: (path: string) => Promise<Page>;
  presses: Browser['presses'];
  /** Signs in at the instance as this person of the demo, and at GitHub.com as the same or another. */
  signsIn: (key: string, atGitHub?: string) => Promise<Page>;
  signsInAtInstance: (key: string) => Promise<Page>;
  signsInAtGitHub: (key: string) => Promise<Page>;
  /** Connects, authorizing both accounts; ends at the page that says what would be sent. */
  connects: (key: string, atGitHub?: string) => Promise<Page>;
  /** Sends a form that another window still shows, and goes where it leads. */
  submits: (path: string, fields: Record<string, string>) => Promise<Page>;
  /** Asks the API as a script of one of our pages would. */
  asks: (method: string, path: string, json?: unknown, headers?: Record<string, string>) => Promise<Response>;
}

/** What the forms of the page that is shown carry. */
export function formOf({ browser }: Visitor): string {
  return /name="form" value="([^"]*)"/.exec(browser.page().html)?.[1] ?? '';
}

export function visitorOf(world: ApiWorld, stops?: (url: URL) => boolean): Visitor {
  const browser = createBrowser(stops);
  const opens = (path: string) => browser.opens(`${world.url}${path}`);

  /** Whatever the place asks: who it is, and whether the application may. */
  const authorizes = async (key: string) => {
    const { page } = browser;
    const place = [world.instance, world.github].find(({ url }) => url === page().url.origin);
    if (page().url.pathname === '/login') await browser.presses(`Sign in as ${place!.people.get(key).login}`);
    if (place && page().url.origin === place.url) await browser.presses('Authorize');
    return page();
  };
  const visitor: Visitor = {
    browser,
    opens,
    presses: browser.presses,
    async signsInAtInstance(key) {
      await opens('/sign-in');
      await browser.presses('Sign in at the instance', { hostname: HOSTNAME });
      return authorizes(key);
    },
    async signsInAtGitHub(key) {
      if (browser.page().url.pathname !== '/sign-in') await opens('/sign-in');
      await browser.presses('Sign in at GitHub.com');
      return authorizes(key);
    },
    async signsIn(key, atGitHub = key) {
      await visitor.signsInAtInstance(key);
      return visitor.signsInAtGitHub(atGitHub);
    },
    async connects(key, atGitHub = key) {
      await opens('/connect');
      await browser.presses('Connect', { hostname: HOSTNAME });
      await authorizes(key);
      return authorizes(atGitHub);
    },
    async submits(path, fields) {
      const answer = await fetch(`${world.url}${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: world.url, cookie: browser.cookies(world.url) },
        body: new URLSearchParams(fields),
      });
      await browser.opens(refreshOf(await answer.text()) ?? '');
      return browser.page();
    },
    asks: (method, path, json, headers = { origin: world.url }) =>
      browser.asks(method, `${world.url}${path}`, { headers, ...(json !== undefined && { json }) }),
  };
  return visitor;
}
