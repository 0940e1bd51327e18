import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Flow } from '../domain/poison.ts';

/** What Temporal knows of a workflow; null where it knows of none. A step counts as failing from so many attempts on. */
export async function flowOf(client: Client, workflowId: string, attempts: number): Promise<Flow | null> {
  try {
    return toFlow(await client.workflow.getHandle(workflowId).describe(), attempts);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function toFlow(found: WorkflowExecutionDescription, attempts: number): Flow {
  const shown = found.searchAttributes['UcStatus']?.[0];
  return {
    running: found.status.name === 'RUNNING',
    status: found.status.name.toLowerCase(),
    shown: typeof shown === 'string' ? shown : undefined,
    failing: failingStep(found.raw, attempts),
  };
}

function failingStep(raw: WorkflowExecutionDescription['raw'], attempts: number): Flow['failing'] {
  const task = raw.pendingWorkflowTask;
  if (task && (task.attempt ?? 0) >= attempts) return { step: 'its own code', attempts: task.attempt!, type: null };
  const activity = raw.pendingActivities?.find((one) => (one.attempt ?? 0) >= attempts && one.lastFailure);
  if (!activity) return null;
  return {
    step: activity.activityType?.name ?? 'a step',
    attempts: activity.attempt!,
    type: activity.lastFailure?.applicationFailureInfo?.type ?? null,
  };
}
