import { randomUUID } from 'node:crypto';
import { recordedVersion } from '../db/audit.ts';
import { insertConnection, type NewConnection } from '../db/connections.ts';
import { takeHeldToken } from '../db/held-tokens.ts';
import { lockInstanceShared } from '../db/locks.ts';
import { inTransaction } from '../db/pool.ts';
import { ensureProfile } from '../db/profiles.ts';
import { DomainError } from '../domain/errors.ts';
import { connectionStart } from '../temporal/deliver.ts';
import { within } from './deliver.ts';
import type { Deps } from './deps.ts';
import type { Person } from './identity.ts';
import { developerOf } from './their-connection.ts';
import { sealedToken, type GivenToken } from './verify-token.ts';

export interface Connecting {
  /** A token that is theirs, by what the instance said of it. */
  given: GivenToken;
  /** Where that token is kept until now. */
  heldTokenId?: string;
  at: Date;
  operationId: string;
}

/**
 * Connects both of a person's accounts; nothing is sent before they say so.
 * @returns the connection's id; the same one when the same operation made it before and its answer was lost
 * @throws DomainError already_connected, profile_taken, sharing_off, sharing_paused, turning_off; sign_in_invalid where
 * the token was given back meanwhile
 */
export async function connectPerson(deps: Deps, person: Person, connecting: Connecting): Promise<string> {
  const id = randomUUID();
  const wanted = {
    id,
    instanceId: person.instanceId,
    sourceUserId: person.source.userId,
    sourceCreatedAt: person.source.createdAt,
    token: sealedToken(deps, id, connecting.given),
    actor: developerOf(id),
    operationId: connecting.operationId,
    asOf: connecting.at.toISOString(),
  };
  const made = await insertOnce(deps, person, wanted, connecting.heldTokenId);
  start(deps, made);
  return made;
}

async function insertOnce(
  deps: Deps,
  person: Person,
  wanted: Omit<NewConnection, 'profileId'>,
  heldTokenId: string | undefined,
): Promise<string> {
  try {
    await inTransaction(deps.pool, async (tx) => {
      await lockInstanceShared(tx, wanted.instanceId);
      const profile = await ensureProfile(tx, person.githubUserId);
      await insertConnection(tx, { ...wanted, profileId: profile.id });
      if (heldTokenId !== undefined && !(await takeHeldToken(tx, heldTokenId, new Date(wanted.asOf))))
        throw new DomainError('sign_in_invalid');
    });
    return wanted.id;
  } catch (error) {
    const there = error instanceof DomainError && error.code === 'already_connected' && error.facts['connectionId'];
    if (typeof there !== 'string') throw error;
    if ((await recordedVersion(deps.pool, there, wanted.operationId)) === undefined) throw error;
    return there;
  }
}

/** The row is there; a workflow that cannot be started now is started by the worker's sweeper. */
function start({ temporal, config, logger }: Deps, connectionId: string): void {
  const options = connectionStart(connectionId, config.TASK_QUEUE_PEOPLE);
  within(temporal, () =>
    temporal.workflow.start('connection', { ...options, workflowIdConflictPolicy: 'USE_EXISTING' }),
  ).catch((error: Error) => logger.warn({ error: error.name }, 'a new connection waits for the sweeper'));
}
