import { randomUUID } from 'node:crypto';
import { acceptMove } from '../../../src/db/moves.ts';
import { inTransaction } from '../../../src/db/pool.ts';
import type { Developer, World } from '../../support/world.ts';
import type { StateOf } from '../states.ts';
import type { Moment } from './keeper.ts';

export type KeepConnection = (
  state: StateOf<'connection'>,
  developer: Developer,
  moment?: Partial<Moment>,
) => Promise<void>;

/** A move to another profile is accepted; nobody has told its workflow. */
export async function acceptMoveOf(world: World, developer: Developer): Promise<void> {
  const profileId = randomUUID();
  const owner = Number.parseInt(profileId.slice(0, 7), 16);
  await world.pool.query('insert into profile (id, github_user_id) values ($1, $2)', [profileId, owner]);
  const accepted = { connectionId: developer.id, profileId, consentVersion: '1', operationId: randomUUID() };
  const by = { actor: 'test', asOf: await world.now(), restoreWindowMs: world.config.RESTORE_WINDOW };
  await inTransaction(world.pool, (tx) => acceptMove(tx, { ...accepted, ...by }));
}

/** What the source said once, and a sweep that wakes the connection for it. */
export async function sight(world: World, developer: Developer, cause: string): Promise<void> {
  await world.pool.query(
    `insert into sighting (connection_id, instance_id, cause, first_at, last_at, times, woken_at)
     values ($1, $2, $3, now() - interval '1 hour', now(), 3, now())`,
    [developer.id, world.instanceId, cause],
  );
  await developer.wake();
}
