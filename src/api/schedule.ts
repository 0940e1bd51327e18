import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { DomainError } from '../domain/errors.ts';
import { instanceSyncWorkflowId } from '../workflows/ids.ts';
import type { ContributionSyncInput } from '../workflows/sync.messages.ts';
import { within } from './deliver.ts';
import type { Deps } from './deps.ts';

export interface ScheduleState {
  paused: boolean;
  note: string | null;
  running: boolean;
  lastRunAt: string | null;
  nextRunsAt: string[];
}

/** The Schedule is a workflow of the server's own: a look at it may first wait 5 seconds for a worker that is gone. */
const SCHEDULE_WITHIN_MS = 12_000;

/** @throws DomainError service_unavailable before any worker has made the Schedule */
async function withSchedule<T>({ temporal, config }: Deps, act: (handle: ScheduleHandle) => Promise<T>): Promise<T> {
  try {
    return await within(temporal, () => act(temporal.schedule.getHandle(config.SYNC_SCHEDULE_ID)), SCHEDULE_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new DomainError('service_unavailable', 'The Schedule is not there yet: a worker makes it when it starts.');
  }
}

export async function scheduleState(deps: Deps): Promise<ScheduleState> {
  return toState(await withSchedule(deps, (handle) => handle.describe()));
}

function toState({ state, info }: ScheduleDescription): ScheduleState {
  return {
    paused: state.paused,
    note: state.note ?? null,
    running: info.runningActions.length > 0,
    lastRunAt: info.recentActions.at(-1)?.takenAt.toISOString() ?? null,
    nextRunsAt: state.paused ? [] : info.nextActionTimes.slice(0, 3).map((time) => time.toISOString()),
  };
}

/** @throws DomainError sync_running */
export async function triggerRun(deps: Deps): Promise<void> {
  await withSchedule(deps, async (handle) => {
    const { info } = await handle.describe();
    if (info.runningActions.length > 0) throw new DomainError('sync_running');
    await handle.trigger(ScheduleOverlapPolicy.SKIP);
  });
}

export async function pauseRuns(deps: Deps, note: string): Promise<void> {
  await withSchedule(deps, (handle) => handle.pause(note));
}

export async function resumeRuns(deps: Deps, note: string): Promise<void> {
  await withSchedule(deps, (handle) => handle.unpause(note));
}

export const instanceRunId = (operationId: string): string => `contribution-sync/by-hand/${operationId}`;

/**
 * Starts a run for one instance by hand, with the settings that the Schedule carries; the same operation starts one.
 * @throws DomainError sync_running while the instance is being read
 */
export async function runInstance(deps: Deps, instanceId: string, trigger: string, operationId: string): Promise<void> {
  const { temporal, config } = deps;
  const { action } = await withSchedule(deps, (handle) => handle.describe());
  const [scheduled] = (action.args ?? []) as [ContributionSyncInput?];
  if (!scheduled) throw new DomainError('internal');
  const workflowId = instanceRunId(operationId);
  if (['RUNNING', 'COMPLETED'].includes(await statusOf(deps, workflowId))) return;
  if ((await statusOf(deps, instanceSyncWorkflowId(instanceId))) === 'RUNNING') throw new DomainError('sync_running');
  const input: ContributionSyncInput = { ...scheduled, trigger, instanceIds: [instanceId] };
  await within(temporal, () =>
    temporal.workflow.start('contributionSync', {
      workflowId,
      taskQueue: config.TASK_QUEUE_SYNC,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: 'the contribution counts of one instance, by hand',
    }),
  );
}

async function statusOf({ temporal }: Deps, workflowId: string): Promise<string> {
  try {
    const { status } = await within(temporal, () => temporal.workflow.getHandle(workflowId).describe());
    return status.name;
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return 'UNKNOWN';
    throw error;
  }
}
