import { proxyLocalActivities } from '@temporalio/workflow';
import type { SyncActivities } from '../activities/sync.ts';

/**
 * A run's short steps on the database alone. Local activities cost no round trip each, which for an instance with few
 * developers is most of what a run costs; one that has to be tried again for longer waits in a timer.
 */
export const records = proxyLocalActivities<
  Pick<SyncActivities, 'beginRun' | 'finishRun' | 'skipInstance' | 'finishInstance'>
>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500ms', maximumInterval: '30s' },
  localRetryThreshold: '2s',
});
