/** A request as a peer saw it. Tokens and secrets are replaced by `***`. */
export interface LoggedRequest {
  number: number;
  at: string;
  method: string;
  path: string;
  /** Key of the person whose token it carried. */
  who: string | null;
  headers: Record<string, string>;
  /** Parsed where it was JSON. */
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
      body: withoutToken(request.body),
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
  const { authorization, ...rest } = headers;
  return authorization === undefined ? rest : { ...rest, authorization: `${authorization.split(' ')[0] ?? ''} ***` };
}

function withoutToken(body: unknown): unknown {
  const carriesToken = typeof body === 'object' && body !== null && 'access_token' in body;
  return carriesToken ? { ...body, access_token: '***' } : body;
}
