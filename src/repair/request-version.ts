import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { standingSignal } from '../workflows/access-request.messages.ts';

/** Of a commit's answer and of a signal the version itself; of a start what it was given to go on from. */
interface Named {
  version?: number;
  carried?: { version: number };
}

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
      version = valueOf(completed.result)?.version ?? version;
    }
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) version = valueOf(started.input)?.carried?.version ?? version;
    const told = event.workflowExecutionSignaledEventAttributes;
    if (told?.signalName === standingSignal.name) {
      version = Math.max(version, valueOf(told.input)?.version ?? 0);
    }
  }
  return version;
}

/** The first value, of which only the version it names is looked for. */
function valueOf(payloads: { payloads?: Payload[] | null } | null | undefined): Named | undefined {
  const payload = payloads?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload<Named>(payload) : undefined;
}
