import type { Client } from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import type { RepairConfig } from '../config.ts';
import type { OrphanedRequest } from '../db/access-requests.ts';
import type { Intent } from '../db/intents.ts';
import type { Standing } from '../domain/access-request.ts';
import {
  accessRequestWorkflowId,
  standingSignal,
  type AccessRequestInput,
} from '../workflows/access-request.messages.ts';
import { wakeSignal, type ConnectionInput } from '../workflows/connection.messages.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../workflows/ids.ts';
import { callAgainWhileClosing } from './closing.ts';
import { requestSettings } from './request-settings.ts';

/** How a connection's workflow is started, by whoever comes first: a route, an act, or a sweeper. */
export function connectionStart(connectionId: string, taskQueue: string) {
  const input: ConnectionInput = { connectionId };
  return {
    workflowId: connectionWorkflowId(connectionId),
    taskQueue,
    args: [input] as [ConnectionInput],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: 'one developer’s connection',
  };
}

/** The same of an access request. */
export function accessRequestStart(config: RepairConfig, request: Omit<AccessRequestInput, 'settings'>) {
  const input: AccessRequestInput = { ...request, settings: requestSettings(config) };
  return {
    workflowId: accessRequestWorkflowId(request.requestId),
    taskQueue: config.TASK_QUEUE_PEOPLE,
    args: [input] as [AccessRequestInput],
    staticSummary: 'one request for access',
  };
}

/**
 * Starts a request's workflow where it is not there, from what its row says; one that is there is told.
 * @throws WorkflowExecutionAlreadyStartedError where nothing but the request was written yet
 */
export async function startOrphan(client: Client, config: RepairConfig, orphan: OrphanedRequest): Promise<void> {
  const { standing, ...request } = orphan;
  if (!standing) {
    await client.workflow.start('accessRequest', accessRequestStart(config, request));
    return;
  }
  await client.workflow.signalWithStart('accessRequest', {
    ...accessRequestStart(config, { ...request, carried: { schemaVersion: 1, ...standing, recent: [] } }),
    signal: standingSignal,
    signalArgs: [standing],
  });
}

/** Tells a request's workflow what its row says by now; one that has ended knows. */
export async function tellStanding(client: Client, requestId: string, standing: Standing): Promise<void> {
  const workflow = client.workflow.getHandle(accessRequestWorkflowId(requestId));
  await workflow.signal(standingSignal, standing).catch((error: Error) => {
    if (error.name !== 'WorkflowNotFoundError') throw error;
  });
}

/** Tells a connection's workflow, started if need be, that something waits for it in PostgreSQL. */
export async function wakeConnection(client: Client, connectionId: string, taskQueue: string): Promise<void> {
  const start = connectionStart(connectionId, taskQueue);
  await callAgainWhileClosing(() =>
    client.workflow.signalWithStart('connection', { ...start, signal: wakeSignal, signalArgs: [] }),
  );
}

/** Hands an accepted act to its workflow. Delivered twice it is taken up once. */
export async function deliverIntent(
  client: Client,
  intent: Pick<Intent, 'kind' | 'subjectId' | 'generation'>,
  taskQueue: string,
): Promise<void> {
  if (intent.kind !== 'turn_off') return wakeConnection(client, intent.subjectId, taskQueue);
  const { subjectId: instanceId, generation } = intent;
  await client.workflow
    .start('turningOff', {
      workflowId: sharingWorkflowId(instanceId, generation),
      taskQueue,
      args: [{ instanceId, generation }],
      // An intent is open until PostgreSQL has the end of it: a run that Temporal knows to have ended, and PostgreSQL not,
      // is done again, which changes nothing twice.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: 'turning off the sharing of one instance',
    })
    .catch(unlessStarted);
}

/** For whoever starts what may run already. */
export function unlessStarted(error: Error): void {
  if (error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
}
