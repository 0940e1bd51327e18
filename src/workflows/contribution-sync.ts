import {
  condition,
  ParentClosePolicy,
  startChild,
  uuid4,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { instanceSyncWorkflowId } from './ids.ts';
import { instanceSync } from './instance-sync.ts';
import type { ContributionSyncInput } from './sync.messages.ts';
import { records } from './sync-records.ts';

/** Children are not awaited past this: the next hour must be able to start. */
const AWAITED_MS = 58 * 60_000;

/**
 * One hour's run, started by the Schedule or a trigger. It starts one child an instance, abandoned, so that a slow
 * instance delays nobody, and ends when they have ended or when the next hour is near.
 */
export async function contributionSync(
  input: ContributionSyncInput,
): Promise<{ runId: string; instances: number; skipped: number }> {
  const runId = uuid4();
  const startedAt = new Date().toISOString();
  const scheduled = workflowInfo().searchAttributes['TemporalScheduledStartTime']?.[0];
  const scheduledAt = scheduled instanceof Date ? scheduled.toISOString() : startedAt;
  const ids = await records.beginRun({
    runId,
    scheduledAt,
    startedAt,
    trigger: input.trigger,
    ...(input.instanceIds && { instanceIds: input.instanceIds }),
  });
  let open = 0;
  let skipped = 0;
  for (const instanceId of ids) {
    const child = await startInstance(instanceId);
    if (!child) {
      skipped += 1;
      await records.skipInstance({ runId, instanceId, at: new Date().toISOString() });
      continue;
    }
    open += 1;
    const ended = () => {
      open -= 1;
    };
    child.result().then(ended, ended);
  }
  await condition(() => open === 0, AWAITED_MS);
  await records.finishRun({ runId, at: new Date().toISOString() });
  return { runId, instances: ids.length, skipped };

  async function startInstance(instanceId: string): Promise<ChildWorkflowHandle<typeof instanceSync> | undefined> {
    try {
      return await startChild(instanceSync, {
        workflowId: instanceSyncWorkflowId(instanceId),
        args: [{ runId, instanceId, startedAt, settings: input.settings }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: 'the contribution counts of one instance',
      });
    } catch (error) {
      if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') return undefined;
      throw error;
    }
  }
}
