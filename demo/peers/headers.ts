import { randomBytes } from 'node:crypto';
import type { Caller } from './caller.ts';

const LIMIT = 5_000;
const HOUR_SECONDS = 3_600;

/**
 * The headers that every answer carries. The primary rate limit is counted for each token and hour and shown, but not
 * enforced: a test that needs it enforced switches the fault on.
 */
export class CommonHeaders {
  readonly #used = new Map<string, { hour: number; count: number }>();
  readonly #enterpriseVersion: string | undefined;

  constructor(enterpriseVersion?: string) {
    this.#enterpriseVersion = enterpriseVersion;
  }

  of(caller: Caller | undefined): Record<string, string> {
    const version = this.#enterpriseVersion;
    return {
      server: 'GitHub.com',
      'x-github-request-id': randomBytes(8).toString('hex').toUpperCase(),
      'x-github-media-type': 'github.v3; format=json',
      ...(version === undefined ? {} : { 'x-github-enterprise-version': version }),
      ...(caller === undefined ? {} : { ...scopes(caller), ...this.#limits(caller.token.value) }),
    };
  }

  #limits(token: string): Record<string, string> {
    const hour = Math.floor(Date.now() / 1000 / HOUR_SECONDS);
    const before = this.#used.get(token);
    const count = before?.hour === hour ? before.count + 1 : 1;
    this.#used.set(token, { hour, count });
    return {
      'x-ratelimit-limit': String(LIMIT),
      'x-ratelimit-used': String(count),
      'x-ratelimit-remaining': String(Math.max(1, LIMIT - count)),
      'x-ratelimit-reset': String((hour + 1) * HOUR_SECONDS),
    };
  }
}

function scopes({ token }: Caller): Record<string, string> {
  return { 'x-oauth-scopes': token.scopes.join(', '), 'x-accepted-oauth-scopes': '' };
}
