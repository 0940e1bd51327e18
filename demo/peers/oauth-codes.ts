import { randomBytes } from 'node:crypto';

/** What a browser was sent back with, and what for. */
export interface AuthorizationCode {
  who: string;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  /** PKCE's, of the method S256. */
  challenge: string | undefined;
}

const MINUTES_10 = 10 * 60_000;

/** Codes that hold: 10 minutes, and once. A peer that starts again knows none. */
export class Codes {
  readonly #codes = new Map<string, AuthorizationCode & { until: number }>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  issue(code: AuthorizationCode): string {
    const value = randomBytes(10).toString('hex');
    this.#codes.set(value, { ...code, until: this.#now().getTime() + MINUTES_10 });
    return value;
  }

  whose(value: string): string | undefined {
    return this.#codes.get(value)?.who;
  }

  /** The code, which holds no more from now on, whatever becomes of it. */
  take(value: string): AuthorizationCode | undefined {
    const code = this.#codes.get(value);
    this.#codes.delete(value);
    return code === undefined || code.until < this.#now().getTime() ? undefined : code;
  }
}
