import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Config } from '../config.ts';
import type { ContributionSyncInput } from '../workflows/sync.messages.ts';

/** Raised whenever what the Schedule carries changes, so that an older release never overwrites a newer spec. */
const SPEC_RELEASE = 1;

type Spec = Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>;

function specOf(config: Config, release: number): Spec {
  const input: ContributionSyncInput = {
    settings: {
      buckets: config.SYNC_BUCKETS,
      pageSize: config.SYNC_PAGE_SIZE,
      deadlineMs: config.SYNC_DEADLINE,
      breakerPages: 3,
    },
    trigger: 'schedule',
    release,
  };
  return {
    spec: { intervals: [{ every: config.SYNC_EVERY }], jitter: config.SYNC_JITTER },
    action: {
      type: 'startWorkflow',
      workflowType: 'contributionSync',
      workflowId: 'contribution-sync',
      taskQueue: config.TASK_QUEUE_SYNC,
      args: [input],
      staticSummary: 'one hour of contribution counts',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '2 hours', pauseOnFailure: false },
  };
}

/** It travels in the action's input: a memo would stay as it was when the Schedule was created. */
function releaseOf({ action }: ScheduleDescription): number {
  const [input] = (action.args ?? []) as [ContributionSyncInput?];
  return input?.release ?? 0;
}

/** Creates or updates the hourly Schedule; whether it is paused, and the note why, is an operator's and is kept. */
export async function upsertSchedule(
  client: Client,
  config: Config,
  release = SPEC_RELEASE,
): Promise<'created' | 'updated' | 'newer'> {
  const spec = specOf(config, release);
  const handle = client.schedule.getHandle(config.SYNC_SCHEDULE_ID);
  try {
    const current = await handle.describe();
    if (releaseOf(current) > release) return 'newer';
    await handle.update((previous) => ({ ...spec, state: previous.state }));
    return 'updated';
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  try {
    await client.schedule.create({ scheduleId: config.SYNC_SCHEDULE_ID, ...spec });
    return 'created';
  } catch (error) {
    // Another worker of the same release was quicker.
    if (error instanceof Error && error.name === 'ScheduleAlreadyRunning') return 'updated';
    throw error;
  }
}
