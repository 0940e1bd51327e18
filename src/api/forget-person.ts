import { connectionsToForget, erasePerson, requestsToForget, type ForgottenPerson } from '../db/forget-person.ts';
import { forgetRequester } from '../db/forget-request.ts';
import { inTransaction } from '../db/pool.ts';
import { markLookedAt } from '../db/access-requests.ts';
import { DomainError } from '../domain/errors.ts';
import { tellStanding } from '../temporal/deliver.ts';
import { within } from './deliver.ts';
import { derivedId } from './derived-id.ts';
import type { Deps } from './deps.ts';
import type { Person } from './identity.ts';
import { removeConnection } from './remove-connection.ts';

export interface Forgotten {
  connections: string[];
  requests: string[];
}

/**
 * Forgets a person, one transaction a subject, and waits for nobody. What they sign in with goes last: cut off before that,
 * they can ask again, and what is done is done.
 */
export async function forgetPerson(
  deps: Deps,
  who: Person,
  { at, operationId }: { at: Date; operationId: string },
): Promise<Forgotten> {
  const { instanceId, source, githubUserId } = who;
  const person: ForgottenPerson = { instanceId, ...source, githubUserId };
  const by = { actor: who.id, at: at.toISOString() };
  const forgotten: Forgotten = { connections: [], requests: [] };
  do {
    for (const connectionId of await connectionsToForget(deps.pool, person)) {
      const ownId = derivedId(operationId, connectionId);
      const asked = { connectionId, kind: 'forget', operationId: ownId, at, by: who } as const;
      await removeConnection(deps, asked).catch(unlessForgotten);
      forgotten.connections.push(connectionId);
    }
    for (const requestId of await requestsToForget(deps.pool, person)) {
      const standing = await inTransaction(deps.pool, (tx) => forgetRequester(tx, requestId, by));
      if (!standing) continue;
      tellSoon(deps, requestId, standing);
      forgotten.requests.push(requestId);
    }
    // One that was just being connected is there now.
  } while (!(await inTransaction(deps.pool, (tx) => erasePerson(tx, person, by))));
  return forgotten;
}

/** Somebody else, or the same in another tab, was quicker. */
function unlessForgotten(error: unknown): void {
  if (!(error instanceof DomainError) || error.code !== 'not_found') throw error;
}

/** What Temporal misses now the worker's sweeper tells. */
function tellSoon(deps: Deps, requestId: string, standing: Parameters<typeof tellStanding>[2]): void {
  const { temporal, pool, logger } = deps;
  within(temporal, () => tellStanding(temporal, requestId, standing))
    .then(() => markLookedAt(pool, requestId))
    .catch((error: Error) => logger.warn({ error: error.name }, 'the end of a request waits for the sweeper'));
}
