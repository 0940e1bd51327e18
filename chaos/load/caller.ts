import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Entry, Journal, Reply } from './journal.ts';

const ANSWERED_WITHIN_MS = 12_000;
const ATTEMPTS = 3;
const PAUSE_MS = 400;

/** What a caller saw that must never be seen, whatever is broken. */
export type Complain = (what: string, facts: object) => void;

export interface CallerParts {
  urls: readonly string[];
  journal: Journal;
  complain: Complain;
}

/** One token's owner: asks any of the API's processes, and asks again with the same key until there is an answer. */
export interface Caller {
  who: string;
  /** Sends it, a few times where no answer comes. Without an `answer` in the end the entry is left open. */
  ask(random: Random, asked: Pick<Entry, 'act' | 'method' | 'path' | 'body'>): Promise<Entry>;
  /** Sends an open one once more. @returns whether it is answered now */
  again(entry: Entry, api: number): Promise<boolean>;
  /** Waits for its answer no longer. */
  giveUp(entry: Entry): void;
  /** Sends one that was answered once more, with nothing noted. */
  repeat(entry: Entry, api: number): Promise<Reply | undefined>;
  /** Asks once, with nothing noted. */
  post(path: string): Promise<Reply | undefined>;
  /** Reads; undefined where there is no answer of the product's own. */
  read(api: number, path: string): Promise<Reply | undefined>;
}

export function callerOf(who: string, token: string, { urls, journal, complain }: CallerParts): Caller {
  const exchange = async (api: number, method: string, path: string, body?: object, key?: string): Promise<Reply> => {
    const response = await fetch(`${urls[api]}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const send = (entry: Entry, api: number) => exchange(api, entry.method, entry.path, entry.body, entry.key);

  async function again(entry: Entry, api: number): Promise<boolean> {
    const attempt = { api, at: Date.now(), said: 'nothing' };
    entry.attempts.push(attempt);
    try {
      const reply = await send(entry, api);
      attempt.said = `${reply.status} ${codeOf(reply)}`.trim();
      if (reply.status === 500) complain('no request to be answered 500', { entry: entry.number, act: entry.act });
      if (!isFinal(reply)) return false;
      journal.settle(entry, reply);
      return true;
    } catch (error) {
      attempt.said = nameOf(error);
      return false;
    }
  }

  return {
    who,
    again,
    async ask(random, asked) {
      const entry = journal.open({ ...asked, who, key: randomUUID() });
      for (let attempt = 1; ; attempt += 1) {
        if ((await again(entry, random.between(0, urls.length - 1))) || attempt === ATTEMPTS) return entry;
        await delay(PAUSE_MS);
      }
    },
    giveUp: (entry) => journal.giveUp(entry),
    repeat: (entry, api) => send(entry, api).catch(() => undefined),
    post: (path) => exchange(0, 'POST', path, {}, randomUUID()).catch(() => undefined),
    async read(api, path) {
      const reply = await exchange(api, 'GET', path).catch(() => undefined);
      if (reply?.status === 500) complain('no read to be answered 500', { path });
      return reply && reply.status < 500 ? reply : undefined;
    },
  };
}

/** Of the rest the caller knows no more than that it should ask again. */
function isFinal(reply: Reply): boolean {
  return !['service_unavailable', 'internal', 'idempotency_in_progress'].includes(codeOf(reply));
}

export function codeOf({ body }: Reply): string {
  const { code } = (body ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function nameOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  return cause?.code ?? name ?? 'unknown';
}
