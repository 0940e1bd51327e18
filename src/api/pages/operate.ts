import type { Session } from '../../db/sessions.ts';
import { DomainError } from '../../domain/errors.ts';
import { demandRole } from '../authorize.ts';
import { actorOf, type Actor } from '../identity.ts';
import { parseRequest } from '../parse-request.ts';
import type { Answer } from '../route.ts';
import { routes } from '../routes/index.ts';
import { demandTurn } from '../run-route.ts';
import type { PageCall } from './page-route.ts';

export interface Operation {
  params?: Record<string, string>;
  body?: Record<string, unknown>;
  /** The same again is the same act. */
  operationId?: string;
}

/**
 * Does what the API does, for whoever is signed in, and as often: a page has no act of its own.
 * @throws what the operation throws, and DomainError too_many_requests
 */
export async function operate(
  { deps, res, session, allowances }: PageCall,
  name: string,
  { params = {}, body = {}, operationId = '' }: Operation = {},
): Promise<Answer> {
  const route = routes.find((one) => one.operationId === name)!;
  const actor = demandActor(session);
  await demandTurn(allowances, route, res, actor.id);
  demandRole(actor, route.action!);
  return route.handler({
    deps,
    actor,
    ...parseRequest(route, { params, query: {}, body }),
    at: deps.clock(),
    operationId,
  });
}

/** @throws DomainError unauthenticated */
export function demandActor(session: Session | undefined): Actor {
  const actor = session && actorOf(session);
  if (!actor) throw new DomainError('unauthenticated');
  return actor;
}
