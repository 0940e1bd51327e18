import { loadInstance, type InstanceRow } from '../db/instances.ts';
import { DomainError } from '../domain/errors.ts';
import { demand, type Action } from './authorize.ts';
import type { Deps } from './deps.ts';
import type { Actor, Person } from './identity.ts';
import { proveSiteAdmin } from './site-admin.ts';

/** An instance that the actor has to do with. @throws DomainError not_found */
export async function instanceFor(deps: Deps, actor: Actor, action: Action, instanceId: string): Promise<InstanceRow> {
  demand(actor, action, { kind: 'instance', instanceId });
  const instance = await loadInstance(deps.pool, instanceId);
  if (!instance) throw new DomainError('not_found');
  return instance;
}

/** The same, where a person has to be a site administrator at this moment; support and operators are not asked. */
export async function instanceForAdmin(
  deps: Deps,
  actor: Actor,
  action: Action,
  instanceId: string,
  age: 'now' | 'recent' = 'now',
): Promise<InstanceRow> {
  const instance = await instanceFor(deps, actor, action, instanceId);
  if (actor.role === 'person') await proveSiteAdmin(deps, actor, instance, age);
  return instance;
}

/** Narrows an actor that the route's action allows only to be a person. */
export function asPerson(actor: Actor): Person {
  if (actor.role !== 'person') throw new DomainError('forbidden');
  return actor;
}
