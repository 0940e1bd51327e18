import { expect } from '@jest/globals';
import { z } from 'zod';
import { ERRORS, isErrorCode } from '../../src/domain/errors.ts';
import { errorsOf, type Route } from '../../src/api/route.ts';
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
  raw?: string | Uint8Array;
}

/** One caller of the API. Every answer is held against what the OpenAPI document promises for its operation. */
export interface Caller {
  get<Body = Record<string, unknown>>(path: string, sent?: Sent): Promise<Reply<Body>>;
  post<Body = Record<string, unknown>>(path: string, body?: unknown, sent?: Sent): Promise<Reply<Body>>;
  put<Body = Record<string, unknown>>(path: string, body?: unknown, sent?: Sent): Promise<Reply<Body>>;
  send(method: string, path: string, sent?: Sent): Promise<Reply>;
}

export function caller(url: string, token?: string): Caller {
  const send = async (method: string, path: string, sent: Sent = {}, json?: unknown) => {
    const body = sent.raw ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(sent.key !== undefined && { 'idempotency-key': sent.key }),
        ...sent.headers,
      },
      ...(body !== undefined && { body }),
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
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const body = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
  const code = response.status >= 400 ? (body['code'] as string) : undefined;
  return { status: response.status, headers: response.headers, body, text, code };
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
  const promised = route?.responses[reply.status];
  if (route && !promised) throw new Error(`${method} ${path} answered ${reply.status}, which is not in its responses`);
  // Nothing missing, nothing of the wrong kind, and no field that is not in the document.
  if (promised instanceof z.ZodType) expect(promised.parse(reply.body)).toEqual(reply.body);
  if (route?.action) expect(reply.headers.get('cache-control')).toBe('no-store');
}

function holdToProblem(route: Route | undefined, reply: Reply): void {
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem.strict().parse(reply.body)).toEqual(reply.body);
  const { code } = reply;
  if (!isErrorCode(code)) throw new Error(`unknown code: ${code}`);
  expect(reply.status).toBe(ERRORS[code].status);
  if (route && !errorsOf(route).includes(code)) throw new Error(`${route.operationId} does not document ${code}`);
}
