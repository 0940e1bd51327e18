import type { Session } from '../../db/sessions.ts';
import { DomainError } from '../../domain/errors.ts';
import { ACTIONS } from '../authorize.ts';
import type { Deps } from '../deps.ts';
import { actorOf, type Actor, type Role } from '../identity.ts';
import { invalidInput } from '../problem.ts';
import type { Answer } from '../route.ts';
import { routes } from '../routes/index.ts';

export interface Operation {
  params?: Record<string, string>;
  body?: Record<string, unknown>;
  /** The same again is the same act. */
  operationId?: string;
}

/** Does what the API does, for whoever is signed in: a page has no act of its own. @throws what the operation throws */
export async function operate(
  deps: Deps,
  session: Session | undefined,
  name: string,
  { params = {}, body = {}, operationId = '' }: Operation = {},
): Promise<Answer> {
  const route = routes.find((one) => one.operationId === name)!;
  const actor = demandActor(session);
  const roles: readonly Role[] = ACTIONS[route.action!];
  if (!roles.includes(actor.role)) throw new DomainError('forbidden', `This act is for: ${roles.join(', ')}.`);
  const ids = route.params?.safeParse(params);
  if (ids && !ids.success) throw new DomainError('not_found');
  const given = route.body?.safeParse(body);
  if (given && !given.success) throw invalidInput(given.error, 'body');
  return route.handler({
    deps,
    actor,
    params: ids?.data,
    query: route.query?.parse({}),
    body: given?.data,
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
