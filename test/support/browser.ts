import { chromium, type Locator, type Page } from 'playwright-core';
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
  /** Waits until the page says it. */
  sees(words: string | RegExp): Promise<void>;
  /** What the whole page says. */
  reads(): Promise<string>;
  goesBack(): Promise<void>;
  /** Where the browser is. */
  at(): URL;
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
  return {
    opens: async (url) => void (await page.goto(url)),
    presses: (words) => clicks(page, page.getByRole('button', { name: words, exact: true })),
    follows: (words) => clicks(page, page.getByRole('link', { name: words, exact: true })),
    fills: (label, text) => page.getByLabel(label).fill(text),
    ticks: (label) => page.getByLabel(label).check(),
    async sees(words) {
      try {
        await page.getByText(words).first().waitFor();
      } catch {
        throw new Error(`"${String(words)}" is not on ${page.url()}, which says:\n${await textOf(page)}`);
      }
    },
    reads: () => textOf(page),
    goesBack: async () => void (await page.goBack()),
    at: () => new URL(page.url()),
    cookies: async (url) => (await context.cookies(url)).map(({ name }) => name),
    leaves: () => context.close(),
  };
}

/** What is pressed here leads to another page, always: these pages have no script. */
async function clicks(page: Page, element: Locator): Promise<void> {
  const loaded = page.waitForEvent('load');
  try {
    await Promise.all([loaded, element.click()]);
  } catch (error) {
    throw new Error(`${page.url()} says:\n${await textOf(page)}`, { cause: error });
  }
}

function textOf(page: Page): Promise<string> {
  return page.locator('body').innerText();
}
