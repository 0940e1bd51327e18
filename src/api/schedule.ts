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

/** @throws DomainError service_unavailable before any worker has made the Schedule */
async function withSchedule<T>({ temporal, config }: Deps, act: (handle: ScheduleHandle) => Promise<T>): Promise<T> {
  try {
    return await within(temporal, () => act(temporal.schedule.getHandle(config.SYNC_SCHEDULE_ID)));
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

/**
 * Starts a run for one instance with the settings that the Schedule carries.
 * @returns the run's workflow id
 * @throws DomainError sync_running while the instance is being read
 */
export async function backfillInstance(
  deps: Deps,
  instanceId: string,
  trigger: string,
  operationId: string,
): Promise<string> {
  const { temporal, config } = deps;
  const { action } = await withSchedule(deps, (handle) => handle.describe());
  const [scheduled] = (action.args ?? []) as [ContributionSyncInput?];
  if (!scheduled) throw new DomainError('internal');
  if (await isRunning(deps, instanceSyncWorkflowId(instanceId))) throw new DomainError('sync_running');
  const workflowId = `contribution-sync/backfill/${operationId}`;
  const input: ContributionSyncInput = { ...scheduled, trigger, instanceIds: [instanceId] };
  await within(temporal, () =>
    temporal.workflow.start('contributionSync', {
      workflowId,
      taskQueue: config.TASK_QUEUE_SYNC,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: 'a backfill of one instance',
    }),
  );
  return workflowId;
}

async function isRunning({ temporal }: Deps, workflowId: string): Promise<boolean> {
  try {
    const { status } = await within(temporal, () => temporal.workflow.getHandle(workflowId).describe());
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}
