/** What a page shows, to whoever reads it without a screen. */
export interface Page {
  /** Where the browser is, after every redirect. */
  url: URL;
  status: number;
  html: string;
  /** What it says, without its markup. */
  text: string;
}

/** As much of a browser as our pages and the places to sign in need: cookies, redirects, and forms with their fields. */
export interface Browser {
  opens: (url: string) => Promise<Page>;
  /** Follows a link by its words. */
  follows: (words: string) => Promise<Page>;
  /** Presses the button with these words, with the form's other fields as they are unless told. */
  presses: (words: string, fields?: Record<string, string>) => Promise<Page>;
  /** The page that it shows. */
  page: () => Page;
  /** Drops a cookie, as whoever ends a session in another window. */
  forgets: (url: string, cookie: string) => void;
  /** The cookies that it would send there. */
  cookies: (url: string) => string;
  /** Asks the API as a script of the page would. */
  asks: (method: string, url: string, sent?: { headers?: Record<string, string>; json?: unknown }) => Promise<Response>;
  /** Every answer on the way here, oldest first. */
  trail: { url: URL; status: number; setCookie: string[] }[];
}

const MOST_REDIRECTS = 20;
const WAITS_MS = 30_000;

/** @param stops at redirects to an address that passes: it is shown as the page, and not asked */
export function createBrowser(stops: (url: URL) => boolean = () => false): Browser {
  const jars = new Map<string, Map<string, string>>();
  const trail: Browser['trail'] = [];
  let shown: Page | undefined;

  const jarOf = ({ origin }: URL) => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  const cookiesFor = (url: URL) => [...jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  const keep = (url: URL, lines: string[]) => {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const isGone = /expires=Thu, 01 Jan 1970/i.test(line);
      if (isGone) jarOf(url).delete(name);
      else jarOf(url).set(name, value);
    }
  };

  const go = async (to: URL, init: RequestInit = {}): Promise<Page> => {
    let url = to;
    let next = init;
    for (let redirects = 0; redirects < MOST_REDIRECTS; redirects += 1) {
      const headers = { cookie: cookiesFor(url), accept: 'text/html', ...(next.headers as Record<string, string>) };
      const response = await fetch(url, {
        ...next,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(WAITS_MS),
      });
      const setCookie = response.headers.getSetCookie();
      keep(url, setCookie);
      trail.push({ url, status: response.status, setCookie });
      const html = await response.text();
      const location = response.headers.get('location') ?? refreshOf(html);
      if (location === null) return (shown = { url, status: response.status, html, text: textOf(html) });
      url = new URL(location, url);
      next = {};
      if (stops(url)) return (shown = { url, status: 0, html: '', text: '' });
    }
    throw new Error(`The browser was redirected more than ${MOST_REDIRECTS} times, at last to ${url.href}.`);
  };
  const page = () => {
    if (!shown) throw new Error('The browser shows nothing yet.');
    return shown;
  };

  return {
    opens: (url) => go(new URL(url)),
    async follows(words) {
      const { html, url } = page();
      const link = [...html.matchAll(/<a\s[^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)].find(
        ([, , inner = '']) => textOf(inner) === words,
      );
      if (!link) throw new Error(`There is no link "${words}" on: ${textOf(html)}`);
      return go(new URL(unescape(link[1]!), url));
    },
    async presses(words, fields = {}) {
      const { html, url } = page();
      for (const [, attributes = '', inner = ''] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
        const buttons = [...inner.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/g)];
        const pressed = buttons.find(([, , label = '']) => textOf(label) === words);
        if (!pressed) continue;
        const own = attributesOf(pressed[1] ?? '');
        const body = new URLSearchParams();
        for (const [, input = ''] of inner.matchAll(/<input\b([^>]*)>/g)) {
          const { name, value = '', type } = attributesOf(input);
          if (name !== undefined && (type !== 'checkbox' || fields[name] !== undefined)) body.set(name, value);
        }
        if (own['name'] !== undefined) body.set(own['name'], own['value'] ?? '');
        for (const [name, value] of Object.entries(fields)) body.set(name, value);
        const { action = '', method = 'get' } = attributesOf(attributes);
        const to = new URL(action, url);
        if (method.toLowerCase() === 'post') return go(to, { method: 'POST', body, headers: { origin: url.origin } });
        to.search = body.toString();
        return go(to);
      }
      throw new Error(`There is no button "${words}" on: ${textOf(html)}`);
    },
    page,
    forgets: (url, cookie) => void jarOf(new URL(url)).delete(cookie),
    cookies: (url) => cookiesFor(new URL(url)),
    async asks(method, url, { headers = {}, json } = {}) {
      const to = new URL(url);
      const response = await fetch(to, {
        method,
        redirect: 'manual',
        headers: {
          cookie: cookiesFor(to),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
      keep(to, response.headers.getSetCookie());
      return response;
    },
    trail,
  };
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [name, unescape(value)]),
  );
}

/** Where a page leads at once. */
export function refreshOf(html: string): string | null {
  const to = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(html)?.[1];
  return to === undefined ? null : unescape(to);
}

function textOf(html: string): string {
  return unescape(
    html
      .replace(/<(style|head)[\s\S]*?<\/\1>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
