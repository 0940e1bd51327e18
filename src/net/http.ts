import { readFileSync } from 'node:fs';
import { Agent, buildConnector } from 'undici';
import { lookupLoopback, type Target, targetOf, type AddressRule } from './address.ts';
import { Exchange, type HttpOutcome } from './exchange.ts';
import { isFields } from './json.ts';

export type { HttpAnswer, HttpFailure, HttpOutcome } from './exchange.ts';

export interface HttpLimits {
  /** Open connections to one origin; what is more waits within its own deadline. */
  connections: number;
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  /** The longest pause within a body. */
  bodyTimeoutMs: number;
  /** From the call to the last byte, waiting for a connection included. */
  deadlineMs: number;
  maxBodyBytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connections: 64,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 5_000,
  deadlineMs: 30_000,
  maxBodyBytes: 2 * 1024 * 1024,
};

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** Where the instance is. */
  at: AddressRule;
  /** Begins with a slash; anything of a person in it is percent-encoded by the caller. */
  path: string;
  /** The value of `Authorization`. */
  authorization?: string;
  headers?: Readonly<Record<string, string>>;
  /** JSON text, unless the headers say what else. */
  body?: string;
  signal?: AbortSignal | undefined;
}

/** Every request that leaves this system for a forge or for GitHub.com. */
export interface Http {
  /** Never rejects. Redirects are not followed: a token goes to the address that was registered, and nowhere else. */
  requestJson(request: HttpRequest): Promise<HttpOutcome>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

const MAX_TARGETS = 1_000;

export function createHttp(changes: Partial<HttpLimits> = {}): Http {
  const limits = { ...HTTP_LIMITS, ...changes };
  const agent = createAgent(limits);
  const targets = new Map<string, Target | undefined>();
  const targetFor = (rule: AddressRule): Target | undefined => {
    const key = `${rule.allowHttpLoopback ? 'loopback' : 'https'} ${rule.baseUrl}`;
    if (!targets.has(key)) {
      if (targets.size >= MAX_TARGETS) targets.clear();
      targets.set(key, targetOf(rule));
    }
    return targets.get(key);
  };
  return {
    requestJson({ method, at, path, authorization, headers, body, signal }) {
      const target = targetFor(at);
      if (target === undefined) return Promise.resolve({ ok: false, reason: 'address_not_allowed' });
      if (signal?.aborted) return Promise.resolve({ ok: false, reason: 'aborted' });
      return new Promise((resolve) => {
        const exchange = new Exchange(limits, signal, resolve);
        const sent = { ...COMMON_HEADERS, ...headers };
        if (authorization !== undefined) sent['authorization'] = authorization;
        if (body !== undefined) sent['content-type'] ??= 'application/json';
        const content = body === undefined ? {} : { body };
        agent.dispatch(
          { origin: target.origin, path: target.prefix + path, method, headers: sent, ...content },
          exchange,
        );
      });
    },
    close: () => agent.destroy(),
  };
}

const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': `unified-contributions/${ownVersion()}`,
  accept: 'application/json',
};

/** A pool of connections for each origin, so that a slow instance never takes another one's. */
function createAgent(limits: HttpLimits): Agent {
  const secure = buildConnector({ timeout: limits.connectTimeoutMs });
  const plain = buildConnector({ timeout: limits.connectTimeoutMs, lookup: lookupLoopback });
  return new Agent({
    connections: limits.connections,
    pipelining: 1,
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    connect: (options, callback) => (options.protocol === 'https:' ? secure : plain)(options, callback),
  });
}

function ownVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return isFields(description) ? String(description['version']) : 'unknown';
}
