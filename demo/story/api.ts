import { randomUUID } from 'node:crypto';

/** An answer of the API; `body` is what its route promises, or a problem document. */
export interface Answer<Body> {
  status: number;
  body: Body;
  /** The problem's code, where it is one. */
  code: string | undefined;
  location: string | null;
}

/** The API as one caller uses it: JSON over HTTP, and nothing else. */
export interface Api {
  get<Body>(path: string): Promise<Answer<Body>>;
  post<Body>(path: string, body?: object): Promise<Answer<Body>>;
  put<Body>(path: string, body: object): Promise<Answer<Body>>;
}

const ANSWERED_WITHIN_MS = 30_000;

/** @param token undefined for anyone at all */
export function createApi(apiUrl: string, token?: string): Api {
  const ask = async <Body>(method: string, path: string, body?: object): Promise<Answer<Body>> => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const parsed = isJson ? JSON.parse(text) : text;
    const code: string | undefined = response.ok ? undefined : parsed.code;
    return { status: response.status, body: parsed, code, location: response.headers.get('location') };
  };
  return {
    get: (path) => ask('GET', path),
    post: (path, body = {}) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
  };
}

/** The body of an answer that must not be a problem. */
export function ok<Body>(answer: Answer<Body>): Body {
  if (answer.status < 300) return answer.body;
  throw new Error(`The API answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
