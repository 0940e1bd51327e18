import type { Answer, Api } from '../../demo/story/api.ts';
import type { Provider } from '../demo/signing-in.ts';
import type { ApiWorld } from '../api/api-world.ts';
import type { Person } from '../support/browser.ts';

/** A place where people sign in, as somebody meets its pages. */
export interface SignInPlace {
  hostname: string;
  origin: string;
  /** Whatever it asks of them there: who it is, and whether the application may. */
  authorizes(person: Person): Promise<void>;
}

/** Another site than ours, to a browser: one on this machine, by its other name. */
export function elsewhere(url: string): string {
  return url.replace('127.0.0.1', 'localhost');
}

/** One of the demo, for a person of the demo. */
export function demoPlace(provider: Provider, hostname: string, key: string): SignInPlace {
  const { origin } = new URL(elsewhere(provider.url));
  return {
    hostname,
    origin,
    async authorizes(person) {
      if (person.at().href.startsWith(`${origin}/login?`))
        await person.presses(`Sign in as ${provider.people.get(key).login}`);
      if (person.at().origin === origin) await person.presses('Authorize');
    },
  };
}

export async function signsIn(
  person: Person,
  { url }: ApiWorld,
  instance: SignInPlace,
  github: SignInPlace,
): Promise<void> {
  await person.opens(`${url}/sign-in`);
  await person.fills('Host name of your instance', instance.hostname);
  await person.presses('Sign in at the instance');
  await instance.authorizes(person);
  await person.sees(`You are signed in at ${instance.hostname}`);
  await person.presses('Sign in at GitHub.com');
  await github.authorizes(person);
}

/** Authorizes both accounts; ends at the page that says what would be sent, once the connection is there. */
export async function connects(
  person: Person,
  { url }: ApiWorld,
  instance: SignInPlace,
  github: SignInPlace,
): Promise<void> {
  await person.opens(`${url}/connect`);
  await person.fills('Host name of your instance', instance.hostname);
  await person.presses('Connect');
  await instance.authorizes(person);
  await github.authorizes(person);
  while ((await person.reads()).includes('open this page again in a moment')) await person.reloads();
}

/** Each day and its count that the page says would be sent. */
export async function looks(person: Person): Promise<{ date: string; count: number }[]> {
  await person.unfolds(/^\d+ days? with contributions$/);
  const rows = [...(await person.reads()).matchAll(/^(\d{4}-\d\d-\d\d)\s+(\d+)$/gm)];
  return rows.map(([, date = '', count]) => ({ date, count: Number(count) }));
}

/** The API by what the browser is signed in with. */
export function apiOf(person: Person): Api {
  const ask = async <Body>(method: string, path: string, body?: object): Promise<Answer<Body>> => {
    const { status, text } = await person.asks(method, path, body);
    const parsed = text === '' ? undefined : JSON.parse(text);
    return { status, body: parsed, code: status < 300 ? undefined : parsed.code, location: null };
  };
  return {
    get: (path) => ask('GET', path),
    post: (path, body = {}) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
  };
}
