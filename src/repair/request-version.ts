import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { standingSignal, type AccessRequestInput } from '../workflows/access-request.messages.ts';

/**
 * Under which version of its row a request's workflow believes to be, from its history: no worker has to run for that.
 * It is what it was started with, was told, or committed last.
 */
export async function knownVersion(client: Client, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const commits = new Set<string>();
  let version = 0;
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } = event;
    if (scheduled?.activityType?.name === 'commitRequestStep') commits.add(String(event.eventId));
    if (completed && commits.has(String(completed.scheduledEventId))) {
      version = valueOf<{ version: number }>(completed.result)?.version ?? version;
    }
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) version = valueOf<AccessRequestInput>(started.input)?.carried?.version ?? version;
    const told = event.workflowExecutionSignaledEventAttributes;
    if (told?.signalName === standingSignal.name) {
      version = Math.max(version, valueOf<{ version: number }>(told.input)?.version ?? 0);
    }
  }
  return version;
}

function valueOf<T>(payloads: { payloads?: Payload[] | null } | null | undefined): T | undefined {
  const payload = payloads?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload<T>(payload) : undefined;
}
