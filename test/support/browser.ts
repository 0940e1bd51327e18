import { randomUUID } from 'node:crypto';
import { chromium, type Locator, type Page } from 'playwright-core';
import { eventually } from './eventually.ts';
import { findChromium } from './find-chromium.ts';

/** Somebody at a browser of their own: it shares no cookie with anybody else's. */
export interface Person {
  opens(url: string): Promise<void>;
  /** A button by its words, and waits for the page that follows. */
  presses(words: string): Promise<void>;
  /** A link by its words, likewise. */
  follows(words: string): Promise<void>;
  fills(label: string, text: string): Promise<void>;
  ticks(label: string): Promise<void>;
  /** Shows what a page keeps folded under these words. */
  unfolds(words: string | RegExp): Promise<void>;
  /** Waits until the page says it. */
  sees(words: string | RegExp): Promise<void>;
  /** What the whole page says. */
  reads(): Promise<string>;
  /** What a form of the page carries unseen. */
  carries(field: string): Promise<string>;
  goesBack(): Promise<void>;
  reloads(): Promise<void>;
  /** Where the browser is. */
  at(): URL;
  /** Asks by the browser's cookies, from the page that it shows. */
  asks(method: string, path: string, json?: object): Promise<{ status: number; text: string }>;
  /** Somebody on the way changes where the browser goes, unnoticed. */
  isMisledBy(change: (url: URL) => URL | undefined): Promise<void>;
  /** What pages were kept from doing by a policy of theirs. */
  kept(): string[];
  /** The names of the cookies that it would send there. */
  cookies(url: string): Promise<string[]>;
  leaves(): Promise<void>;
}

export interface Browser {
  /** `script: false` is a browser that runs none. */
  person(options?: { script?: boolean }): Promise<Person>;
  close(): Promise<void>;
}

/** Long, because the machine may be busy; nothing waits longer than it has to. */
const PATIENCE_MS = 20_000;

/** A real Chromium, without a window. */
export async function openBrowser(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath: findChromium(),
    // Its sandbox refuses to run as root.
    args: isRoot ? ['--no-sandbox'] : [],
  });
  return {
    async person({ script = true } = {}) {
      const context = await browser.newContext({ javaScriptEnabled: script });
      context.setDefaultTimeout(PATIENCE_MS);
      return personAt(await context.newPage());
    },
    close: () => browser.close(),
  };
}

function personAt(page: Page): Person {
  const context = page.context();
  const kept: string[] = [];
  page.on('console', (said) => {
    if (said.text().includes('Content Security Policy')) kept.push(said.text());
  });
  return {
    opens: async (url) => void (await page.goto(url)),
    presses: (words) => clicks(page, page.getByRole('button', { name: words, exact: true })),
    follows: (words) => clicks(page, page.getByRole('link', { name: words, exact: true })),
    fills: (label, text) => page.getByLabel(label).fill(text),
    ticks: (label) => page.getByLabel(label).check(),
    unfolds: (words) => page.getByText(words).click(),
    async sees(words) {
      try {
        await page.getByText(words).first().waitFor();
      } catch {
        throw new Error(`"${String(words)}" is not on ${page.url()}, which says:\n${await textOf(page)}`);
      }
    },
    reads: () => textOf(page),
    carries: (field) => page.locator(`input[name="${field}"]`).first().inputValue(),
    goesBack: async () => void (await page.goBack()),
    reloads: async () => void (await page.reload()),
    at: () => new URL(page.url()),
    async asks(method, path, json) {
      const { origin } = new URL(page.url());
      const headers = { origin, 'idempotency-key': randomUUID() };
      const answer = await context.request.fetch(origin + path, { method, headers, ...(json && { data: json }) });
      return { status: answer.status(), text: await answer.text() };
    },
    async isMisledBy(change) {
      await page.route('**', async (route) => {
        const changed = change(new URL(route.request().url()));
        await route.continue(changed && { url: changed.href });
      });
    },
    kept: () => kept,
    cookies: async (url) => (await context.cookies(url)).map(({ name }) => name),
    leaves: () => context.close(),
  };
}

/** Where a page is that is all there and stays; of any other, false. */
const SETTLED_AT = `document.readyState === 'complete' && !document.querySelector('meta[http-equiv="refresh"]') && document.URL`;

/** What is pressed here leads to another page, always: these pages have no script. Some lead on by themselves. */
async function clicks(page: Page, element: Locator): Promise<void> {
  const loaded = page.waitForEvent('load');
  try {
    await Promise.all([loaded, element.click()]);
    const isSettled = async () => (await page.evaluate<unknown>(SETTLED_AT).catch(() => false)) === page.url();
    await eventually(isSettled, 'the page that it leads to', PATIENCE_MS);
  } catch (error) {
    throw new Error(`${page.url()} says:\n${await textOf(page)}`, { cause: error });
  }
}

function textOf(page: Page): Promise<string> {
  return page.locator('body').innerText();
}
