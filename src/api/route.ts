import type { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import type { Action } from './authorize.ts';
import type { Deps } from './deps.ts';
import type { Actor } from './identity.ts';
import type { RateClass } from './rate-limiter.ts';

export interface Answer {
  status: number;
  /** JSON, or the text itself where `contentType` is another one. */
  body?: unknown;
  location?: string | undefined;
  contentType?: string;
  headers?: Record<string, string>;
}

type Shape = z.ZodObject | undefined;
type Parsed<S> = S extends z.ZodObject ? z.output<S> : undefined;

/** What a handler gets: parsed and permitted. */
export interface Call<P, Q, B, A> {
  deps: Deps;
  actor: A;
  params: P;
  query: Q;
  body: B;
  /** Business time of this call. */
  at: Date;
  /** The same when the same request comes again with its Idempotency-Key. */
  operationId: string;
}

/** A schema alone is JSON; else a schema by content type, and none for an answer without a body. */
export type ResponseSchema = z.ZodType | { description: string; content: Readonly<Record<string, z.ZodType>> };

interface Described<P extends Shape, Q extends Shape, B extends Shape> {
  method: 'get' | 'post' | 'put';
  /** Express' spelling: `/api/v1/connections/:id`. */
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  responses: Record<number, ResponseSchema>;
  /** How often one caller may come: `read` or `write` unless it says another; `public` where nobody is known. */
  rate?: RateClass;
  /** Codes beyond those that every route of its kind can answer. */
  errors?: readonly ErrorCode[];
}

export interface PrivateRoute<P extends Shape, Q extends Shape, B extends Shape> extends Described<P, Q, B> {
  action: Action;
  handler(call: Call<Parsed<P>, Parsed<Q>, Parsed<B>, Actor>): Promise<Answer>;
}

/** For anyone: no token is asked for or looked at. */
export interface PublicRoute<P extends Shape, Q extends Shape> extends Described<P, Q, undefined> {
  method: 'get';
  action: null;
  handler(call: Call<Parsed<P>, Parsed<Q>, undefined, null>): Promise<Answer>;
}

/** A route as the router and the OpenAPI document see it, whatever its types. */
export interface Route extends Described<Shape, Shape, Shape> {
  action: Action | null;
  handler(call: Call<unknown, unknown, unknown, Actor | null>): Promise<Answer>;
}

/** The one way to make a route: what it validates with is what the OpenAPI document shows. */
export function route<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  definition: PrivateRoute<P, Q, B>,
): Route {
  // The router calls a handler only with what its own schemas have parsed.
  return definition;
}

export function publicRoute<P extends Shape = undefined, Q extends Shape = undefined>(
  definition: PublicRoute<P, Q>,
): Route {
  return definition;
}

const JSON_BODY = ['malformed_json', 'body_too_large', 'unsupported_media_type'] as const;
const ASKS_WHO = ['unauthenticated', 'forbidden'] as const;
const KEYED = ['idempotency_key_reused', 'idempotency_in_progress'] as const;

/** What is about the API itself may be asked at any time, by whoever watches it. */
export function rateOf({ rate, action, method, tag }: Route): RateClass | undefined {
  if (rate !== undefined) return rate;
  if (action !== null) return method === 'get' ? 'read' : 'write';
  return tag === 'system' ? undefined : 'public';
}

const ANY = ['uri_too_long', 'too_many_headers'] as const;

/** Every code that the route can answer. */
export function errorsOf(defined: Route): ErrorCode[] {
  const writes = defined.method !== 'get';
  return [
    ...new Set<ErrorCode>([
      ...(writes ? JSON_BODY : []),
      ...(writes || defined.query ? (['invalid_input'] as const) : []),
      ...(defined.body && 'note' in defined.body.shape ? (['note_required'] as const) : []),
      ...(defined.action ? ASKS_WHO : []),
      ...(defined.action && writes ? (['origin_refused'] as const) : []),
      ...(defined.params ? (['not_found'] as const) : []),
      ...(writes ? KEYED : []),
      ...(defined.errors ?? []),
      ...ANY,
      ...(rateOf(defined) ? (['too_many_requests'] as const) : []),
      'service_unavailable',
      'internal',
    ]),
  ];
}
