import type { Client } from '@temporalio/client';
// CommonJS whose names Node cannot see: it has its default export alone.
import proto, { type temporal } from '@temporalio/proto';

const { EventType } = proto.temporal.api.enums.v1;

export interface History {
  workflowId: string;
  events: temporal.api.history.v1.IHistoryEvent[];
}

/** Every history that the server keeps, of open and ended workflows alike. */
export async function allHistories(client: Client): Promise<History[]> {
  const histories: History[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push({ workflowId, events: events ?? [] });
  }
  return histories;
}

/** Workflow tasks that failed or timed out, and activities that had to be tried again, by workflow. */
export function troublesOf({ workflowId, events }: History): string[] {
  return events.flatMap((event) => {
    const { attempt } = event.activityTaskStartedEventAttributes ?? {};
    if (event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED) return [`${workflowId}: a workflow task failed`];
    if (event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
      return [`${workflowId}: a workflow task timed out`];
    return (attempt ?? 1) > 1 ? [`${workflowId}: an activity was tried ${attempt} times`] : [];
  });
}

/** A history as text, payloads decoded. By hand, because a message's own toJSON makes base64 of its bytes. */
export function textOf({ workflowId, events }: History): string {
  return `${workflowId} ${JSON.stringify(readable(events))}`;
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, readable(one)]));
}
