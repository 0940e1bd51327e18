import { z } from 'zod';
import { adviceFor } from './advice.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { ApiPlace } from './place.ts';

type Query = Record<string, string | number | undefined>;

/** The API as an operator uses it. An answer is held against a schema that keeps what it does not know. */
export interface Api {
  get<Shape extends z.ZodType>(path: string, answer: Shape, query?: Query): Promise<z.output<Shape>>;
  /** An answer of JSON lines, each as it came. */
  getLines(path: string, query?: Query): Promise<string[]>;
  post<Shape extends z.ZodType>(path: string, body: object, answer: Shape): Promise<z.output<Shape>>;
  put<Shape extends z.ZodType>(path: string, body: object, answer: Shape): Promise<z.output<Shape>>;
}

const ANSWERED_WITHIN_MS = 30_000;

const problem = z.object({
  type: z.string(),
  title: z.string(),
  detail: z.string(),
  code: z.string(),
  retryAt: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
});

export function createApi({ url, token }: ApiPlace): Api {
  const send = async (method: string, path: string, body?: object) => {
    const answer = await exchange(url, path, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.status >= 400) throw refusalOf(url, answer.status, parse(answer.text));
    return answer;
  };
  const ask = async <Shape extends z.ZodType>(method: string, path: string, schema: Shape, body?: object) => {
    const { status, text } = await send(method, path, body);
    const answer = schema.safeParse(parse(text));
    if (answer.success) return answer.data;
    throw notOurs(url, status);
  };
  return {
    get: (path, answer, query = {}) => ask('GET', path + search(query), answer),
    getLines: async (path, query = {}) => {
      const { status, type, text } = await send('GET', path + search(query));
      if (!type.startsWith('application/x-ndjson')) throw notOurs(url, status);
      return text.split('\n').filter((line) => line !== '');
    },
    post: (path, body, answer) => ask('POST', path, answer, body),
    put: (path, body, answer) => ask('PUT', path, answer, body),
  };
}

function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}

interface Exchanged {
  status: number;
  type: string;
  text: string;
}

async function exchange(url: string, path: string, init: RequestInit): Promise<Exchanged> {
  try {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text: await response.text() };
  } catch (error) {
    const reason = reasonOf(error);
    const doubtful = init.method !== 'GET' && !NEVER_ARRIVED.test(reason);
    throw new Failure(EXIT.unreachable, {
      title: `The API at ${url} cannot be reached (${reason}).`,
      detail: doubtful ? 'Whether it was done is not known: look before you send it again.' : undefined,
      advice: 'check that it runs and that UC_API_URL names it.',
    });
  }
}

const NEVER_ARRIVED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|bad port)$/;

function reasonOf(error: unknown): string {
  const { name, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${ANSWERED_WITHIN_MS / 1000} s`;
  const { code, message } = (cause ?? error) as NodeJS.ErrnoException;
  return code ?? message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(url: string, status: number, json: unknown): Failure {
  const parsed = problem.safeParse(json);
  if (!parsed.success) return notOurs(url, status);
  const { type, ...rest } = parsed.data;
  return new Failure(EXIT.refused, { ...rest, advice: adviceFor(rest.code), about: url + type });
}

function notOurs(url: string, status: number): Failure {
  return new Failure(EXIT.unreachable, {
    title: `What answers at ${url} is not the API of this release (HTTP ${status}).`,
    advice: 'check UC_API_URL and what stands before the API, and that this CLI is of the same release.',
  });
}
