import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { lookupWithin, targetOf, type AddressRule, type Reach, type Target } from './address.ts';
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

/** @param lookup how names are resolved; each address that is found is judged before a connection is made to it */
export function createHttp(changes: Partial<HttpLimits> = {}, lookup?: LookupFunction): Http {
  const limits = { ...HTTP_LIMITS, ...changes };
  // One for each reach: what was connected to by what one instance is allowed serves no other.
  const agents = REACHES.map((reach) => createAgent(limits, reach, lookup));
  const ways = new Map<string, Way | undefined>();
  const wayTo = (rule: AddressRule): Way | undefined => {
    const reach = Number(rule.allowHttpLoopback) + 2 * Number(rule.allowPrivateNetwork ?? false);
    const key = `${reach} ${rule.baseUrl}`;
    if (!ways.has(key)) {
      if (ways.size >= MAX_TARGETS) ways.clear();
      const target = targetOf(rule);
      ways.set(key, target && { ...target, agent: agents[reach]! });
    }
    return ways.get(key);
  };
  return {
    requestJson({ method, at, path, authorization, headers, body, signal }) {
      const way = wayTo(at);
      if (way === undefined) return Promise.resolve({ ok: false, reason: 'address_not_allowed' });
      if (signal?.aborted) return Promise.resolve({ ok: false, reason: 'aborted' });
      return new Promise((resolve) => {
        const exchange = new Exchange(limits, signal, resolve);
        const sent = { ...COMMON_HEADERS, ...headers };
        if (authorization !== undefined) sent['authorization'] = authorization;
        if (body !== undefined) sent['content-type'] ??= 'application/json';
        const content = body === undefined ? {} : { body };
        way.agent.dispatch(
          { origin: way.origin, path: way.prefix + path, method, headers: sent, ...content },
          exchange,
        );
      });
    },
    async close() {
      await Promise.all(agents.map((agent) => agent.destroy()));
    },
  };
}

/** A target with the connections that it is reached by. */
interface Way extends Target {
  agent: Agent;
}

/** Each at the place that its two answers make, as bits. */
const REACHES: readonly Required<Reach>[] = [
  { allowHttpLoopback: false, allowPrivateNetwork: false },
  { allowHttpLoopback: true, allowPrivateNetwork: false },
  { allowHttpLoopback: false, allowPrivateNetwork: true },
  { allowHttpLoopback: true, allowPrivateNetwork: true },
];

const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': `unified-contributions/${ownVersion()}`,
  accept: 'application/json',
};

/** A pool of connections for each origin, so that a slow instance never takes another one's. */
function createAgent(limits: HttpLimits, reach: Reach, lookup: LookupFunction | undefined): Agent {
  const connectorFor = (protocol: string) =>
    buildConnector({ timeout: limits.connectTimeoutMs, lookup: lookupWithin(protocol, reach, lookup) });
  const [secure, plain] = [connectorFor('https:'), connectorFor('http:')];
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
