import { expect } from '@jest/globals';
import { z } from 'zod';
import { ERRORS, isErrorCode } from '../../src/domain/errors.ts';
import { errorsOf, type ResponseSchema, type Route } from '../../src/api/route.ts';
import { allRoutes } from '../../src/api/routes/index.ts';
import { problem } from '../../src/api/schemas.ts';

export interface Reply<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
  text: string;
  /** Of a problem. */
  code: string | undefined;
}

export interface Sent {
  key?: string;
  headers?: Record<string, string>;
  /** Sent as it is, not as JSON. */
  raw?: string | Uint8Array | ReadableStream;
}

/** One caller of the API. Every answer is held against what the OpenAPI document promises for its operation. */
export interface Caller {
  get<Body = Record<string, unknown>>(path: string, sent?: Sent): Promise<Reply<Body>>;
  post<Body = Record<string, unknown>>(path: string, body?: unknown, sent?: Sent): Promise<Reply<Body>>;
  put<Body = Record<string, unknown>>(path: string, body?: unknown, sent?: Sent): Promise<Reply<Body>>;
  send(method: string, path: string, sent?: Sent): Promise<Reply>;
}

/** The operations that were answered as documented in this file, by id with the status. */
export const answered = new Set<string>();

/** @param more what it sends besides: the cookie of a session, and where it comes from */
export function caller(url: string, token?: string, more: Record<string, string> = {}): Caller {
  const send = async (method: string, path: string, sent: Sent = {}, json?: unknown) => {
    const body = sent.raw ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...more,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(sent.key !== undefined && { 'idempotency-key': sent.key }),
        ...sent.headers,
      },
      ...(body !== undefined && { body, duplex: 'half' }),
    });
    const reply = await toReply(response);
    holdToPromise(method, path, reply);
    return reply;
  };
  return {
    get: (path, sent) => send('GET', path, sent) as never,
    post: (path, body, sent) => send('POST', path, sent, sent?.raw === undefined ? (body ?? {}) : undefined) as never,
    put: (path, body, sent) => send('PUT', path, sent, sent?.raw === undefined ? (body ?? {}) : undefined) as never,
    send: (method, path, sent) => send(method, path, sent),
  };
}

async function toReply(response: Response): Promise<Reply> {
  const text = await response.text();
  const body = (/[/+]json$/.test(mediaType(response)) ? JSON.parse(text) : {}) as Record<string, unknown>;
  const code = response.status >= 400 ? (body['code'] as string) : undefined;
  return { status: response.status, headers: response.headers, body, text, code };
}

function mediaType({ headers }: { headers: Headers }): string {
  return headers.get('content-type')?.split(';')[0] ?? '';
}

function routeOf(method: string, path: string): Route | undefined {
  const plain = path.split('?')[0]!;
  return allRoutes.find((route) => {
    const pattern = route.path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+');
    return route.method.toUpperCase() === method && new RegExp(`^${pattern}$`).test(plain);
  });
}

function holdToPromise(method: string, path: string, reply: Reply): void {
  const route = routeOf(method, path);
  if (reply.status >= 400) return holdToProblem(route, reply);
  if (!route) return;
  const promised = route.responses[reply.status];
  if (!promised) throw new Error(`${method} ${path} answered ${reply.status}, which is not in its responses`);
  holdToContent(promised, reply);
  if (route.action) expect(reply.headers.get('cache-control')).toBe('no-store');
  if (reply.status === 202) expect(reply.headers.get('location')).toMatch(/^\/api\/v1\//);
  answered.add(`${route.operationId} ${reply.status}`);
}

/** Nothing missing, nothing of the wrong kind, and no field that is not in the document. */
function holdToContent(promised: ResponseSchema, reply: Reply): void {
  const content = promised instanceof z.ZodType ? { 'application/json': promised } : promised.content;
  const types = Object.keys(content);
  if (types.length === 0) return expect(reply.text).toBe('');
  expect(types).toContain(mediaType(reply));
  const schema = content[mediaType(reply)]!;
  const sent = schema instanceof z.ZodString ? reply.text : reply.body;
  expect(schema.parse(sent)).toEqual(sent);
}

function holdToProblem(route: Route | undefined, reply: Reply): void {
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(reply.headers.get('cache-control')).toBe('no-store');
  expect(problem.strict().parse(reply.body)).toEqual(reply.body);
  const { code } = reply;
  if (!isErrorCode(code)) throw new Error(`unknown code: ${code}`);
  expect(reply.status).toBe(ERRORS[code].status);
  if (route && !errorsOf(route).includes(code)) throw new Error(`${route.operationId} does not document ${code}`);
}
