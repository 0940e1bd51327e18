/** A request as a peer saw it. Codes, tokens and secrets are replaced by `***`. */
export interface LoggedRequest {
  number: number;
  at: string;
  method: string;
  path: string;
  query: Record<string, string>;
  /** Key of the person whose token, code or browser it was. */
  who: string | null;
  headers: Record<string, string>;
  /** Parsed where it was JSON or a form. */
  body: unknown;
}

const KEPT = 50_000;

/** All requests to a peer but those to its control path, oldest first, the last 50,000. */
export class RequestLog {
  #entries: LoggedRequest[] = [];
  #count = 0;

  add(request: Omit<LoggedRequest, 'number' | 'at'>): LoggedRequest {
    this.#count += 1;
    const entry = {
      number: this.#count,
      at: new Date().toISOString(),
      ...request,
      headers: withoutSecret(request.headers),
      query: masked(request.query),
      body: isFields(request.body) ? masked(request.body) : request.body,
    };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT * 1.1) this.#entries = this.#entries.slice(-KEPT);
    return entry;
  }

  all(): readonly LoggedRequest[] {
    return this.#entries;
  }

  by(who: string): LoggedRequest[] {
    return this.#entries.filter((entry) => entry.who === who);
  }

  clear(): void {
    this.#entries = [];
  }
}

function withoutSecret(headers: Record<string, string>): Record<string, string> {
  const { authorization, cookie, ...rest } = headers;
  return {
    ...rest,
    ...(authorization !== undefined && { authorization: `${authorization.split(' ')[0] ?? ''} ***` }),
    ...(cookie !== undefined && { cookie: '***' }),
  };
}

/** What opens something, or proves that a browser is the one that began; `return_to` carries the latter along. */
const SECRETS = new Set([
  'access_token',
  'client_secret',
  'code',
  'code_verifier',
  'refresh_token',
  'return_to',
  'state',
]);

function masked<Value>(fields: Record<string, Value>): Record<string, Value | '***'> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]): [string, Value | '***'] => [name, SECRETS.has(name) ? '***' : value]),
  );
}

function isFields(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
