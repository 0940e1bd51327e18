import { createAccessRequestActivities } from './access-requests.ts';
import { createConnectionActivities } from './connections.ts';
import type { ActivityDeps } from './deps.ts';
import { createSyncActivities } from './sync.ts';
import { createTurningOffActivities } from './turning-off.ts';

export type { ActivityDeps, ActivitySettings } from './deps.ts';

/** All activities, on what is passed in. */
export function createActivities(deps: ActivityDeps) {
  const { connectGraceMs, connectLooks } = deps.settings;
  return {
    ...createAccessRequestActivities({
      ...deps,
      makeAvailable: (tx, instanceId, by) =>
        deps.db.sharing.applySharing(tx, instanceId, {
          ...by,
          command: { type: 'approve' },
          settings: { connectGraceMs, connectLooks },
        }),
    }),
    ...createConnectionActivities(deps),
    ...createSyncActivities(deps),
    ...createTurningOffActivities(deps),
  };
}
