import { createHash, randomUUID } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { claimKey, keepAnswer, releaseKey, renewKey, type KeyedRequest } from '../db/idempotency.ts';
import { DomainError, ERRORS } from '../domain/errors.ts';
import { demandRole, type Action } from './authorize.ts';
import { sessionCookie } from './cookies.ts';
import type { Allowances } from './demand-allowance.ts';
import type { Deps } from './deps.ts';
import type { Actor, Identity } from './identity.ts';
import { parseRequest } from './parse-request.ts';
import { fieldProblem, sendProblem, toProblem } from './problem.ts';
import { isDoubtful, refusalOf } from './refusal-of.ts';
import { rateOf, type Answer, type Route } from './route.ts';

const BODY_LIMIT = '64kb';
const KEY = /^[\x21-\x7e]{1,200}$/;

const parseJson = express.json({ limit: BODY_LIMIT, strict: false, inflate: false, type: 'application/json' });

/** Who comes in, and how often. */
export interface Door {
  identity: Identity;
  allowances: Allowances;
}

/**
 * Counts one who comes to the route, also by a page that does what it does: both ways together have its limit.
 * @throws DomainError too_many_requests, service_unavailable
 */
export async function demandTurn(allowances: Allowances, route: Route, res: Response, who: string): Promise<void> {
  const rate = rateOf(route);
  if (rate) await allowances.demand(res, { class: rate, what: route.operationId, who });
}

/** Who asks, what they may, what they sent: in this order, so that nothing of a stranger's body is read. */
export function handlersOf(route: Route, deps: Deps, { identity, allowances }: Door): RequestHandler[] {
  const permitted = async (action: Action, req: Request, res: Response): Promise<Actor> => {
    const actor = await known(req, res, identity, allowances);
    await demandTurn(allowances, route, res, actor.id);
    demandRole(actor, action);
    return actor;
  };
  const authenticate: RequestHandler = async (req, res, next) => {
    res.locals['route'] = route.path;
    if (route.action) res.locals['actor'] = await permitted(route.action, req, res);
    else await demandTurn(allowances, route, res, allowances.addressOf(req));
    next();
  };
  const run: RequestHandler = async (req, res) => {
    const actor = (res.locals['actor'] as Actor | undefined) ?? null;
    const call = { deps, actor, ...parseRequest(route, req), at: deps.clock() };
    const keyed = actor && route.method !== 'get' ? keyedRequest(req, actor, call.at) : undefined;
    if (keyed) return runOnce(route, keyed, call, req, res);
    send(res, await route.handler({ ...call, operationId: randomUUID() }), route.action !== null);
  };
  return route.method === 'get' ? [authenticate, run] : [authenticate, requireJson, parseJson, run];
}

type Parsed = Pick<Parameters<Route['handler']>[0], 'deps' | 'actor' | 'params' | 'query' | 'body' | 'at'>;

/**
 * Whoever is known is counted as themselves alone: what others do at the same address keeps nobody from anything. Who
 * sends tokens that are none is counted by address.
 */
async function known(req: Request, res: Response, identity: Identity, allowances: Allowances): Promise<Actor> {
  try {
    return await identity.authenticate(req);
  } catch (error) {
    const isGuess = req.headers.authorization !== undefined || sessionCookie(req) !== undefined;
    if (isGuess && error instanceof DomainError && error.code === 'unauthenticated') {
      await allowances.demand(res, { class: 'guess', what: 'token', who: allowances.addressOf(req) });
    }
    throw error;
  }
}

const requireJson: RequestHandler = (req, _res, next) => {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (hasBody && !req.is('application/json')) throw new DomainError('unsupported_media_type');
  next();
};

function keyedRequest(req: Request, actor: Actor, now: Date): KeyedRequest | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined) return undefined;
  if (!KEY.test(key)) throw fieldProblem('header', 'Idempotency-Key', 'is not 1 to 200 visible ASCII characters');
  const bodyHash = createHash('sha256')
    .update(JSON.stringify(req.body ?? null))
    .digest();
  return { caller: actor.id, key, route: `${req.method} ${req.path}`, bodyHash, now };
}

/** The key is written down before the act; its answer, a refusal included, is kept and given again. */
async function runOnce(route: Route, keyed: KeyedRequest, call: Parsed, req: Request, res: Response): Promise<void> {
  const claim = await claimKey(call.deps.pool, keyed);
  if (claim.kind === 'replay') return replay(res, claim.status, claim.answer, claim.location);
  let answer: Answer;
  try {
    answer = await route.handler({ ...call, operationId: claim.updateId });
  } catch (error) {
    const refusal = refusalOf(error);
    const { status } = ERRORS[refusal.code];
    // What may go better the next time is not kept.
    if (isDoubtful(refusal.code)) await releaseKey(call.deps.pool, keyed).catch(() => undefined);
    else if (status >= 500 || status === 429) {
      await renewKey(call.deps.pool, keyed, claim.updateId).catch(() => undefined);
    } else
      await keepAnswer(call.deps.pool, keyed, { status, answer: toProblem(refusal, req.path), location: undefined });
    throw error;
  }
  await keepAnswer(call.deps.pool, keyed, { status: answer.status, answer: answer.body, location: answer.location });
  send(res, answer, true);
}

function replay(res: Response, status: number, answer: unknown, location: string | undefined): void {
  res.set('Idempotent-Replayed', 'true');
  if (status >= 400) sendProblem(res, answer as ReturnType<typeof toProblem>, new Date(0));
  else send(res, { status, body: answer, location }, true);
}

function send(res: Response, answer: Answer, isPrivate: boolean): void {
  if (isPrivate) res.set('Cache-Control', 'no-store');
  if (answer.location) res.location(answer.location);
  res.status(answer.status).set(answer.headers ?? {});
  if (answer.body === undefined || answer.body === null) res.end();
  else if (answer.contentType) res.type(answer.contentType).send(answer.body);
  else res.json(answer.body);
}
