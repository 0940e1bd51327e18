import { connectionsOf, type ConnectionRow } from '../db/connections.ts';
import { demand } from './authorize.ts';
import type { Deps } from './deps.ts';
import type { Actor, Person } from './identity.ts';
import { asPerson } from './source-instance.ts';

/**
 * A developer in the records of their own connection. Not by their token: that is tied to both of their ids, and a
 * record stays when the link is erased.
 */
export const developerOf = (connectionId: string): string => `person:${connectionId}`;

export function connectionsOfPerson({ pool }: Deps, person: Person): Promise<ConnectionRow[]> {
  const { instanceId, source, githubUserId } = person;
  return connectionsOf(pool, { instanceId, ...source, githubUserId });
}

/** A connection of the actor's own. @throws DomainError not_found */
export async function theirConnection(deps: Deps, actor: Actor, id: string): Promise<ConnectionRow> {
  const ofPerson = await connectionsOfPerson(deps, asPerson(actor));
  demand(actor, 'connection.use', { kind: 'connection', id, ofPerson });
  return ofPerson.find((connection) => connection.id === id)!;
}
