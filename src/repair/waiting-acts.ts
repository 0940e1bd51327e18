import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';

/** An act that a workflow has accepted and not ended: it is in that run's history, and nowhere else. */
export interface WaitingAct {
  updateId: string;
  name: string;
  args: unknown[];
}

/** How long a workflow that was begun anew may take to accept one of them. */
const ACCEPTED_WITHIN_MS = 8_000;

/** Those of the present run, in the order in which they were accepted. */
export async function waitingActs(client: Client, workflowId: string): Promise<WaitingAct[]> {
  const events = await eventsOf(client, workflowId);
  const done = new Set(
    events.map((event) => event.workflowExecutionUpdateCompletedEventAttributes?.meta?.updateId).filter(Boolean),
  );
  const { payloadConverter } = client.options.loadedDataConverter;
  const waiting: WaitingAct[] = [];
  for (const { workflowExecutionUpdateAcceptedEventAttributes: accepted } of events) {
    const { meta, input } = accepted?.acceptedRequest ?? {};
    if (!meta?.updateId || !input?.name || done.has(meta.updateId)) continue;
    const args = (input.args?.payloads ?? []).map((payload) => payloadConverter.fromPayload<unknown>(payload));
    waiting.push({ updateId: meta.updateId, name: input.name, args });
  }
  return waiting;
}

async function eventsOf(client: Client, workflowId: string) {
  try {
    return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/**
 * Sends them again, each as the same act: what its row says by now is done already is known by its id, and what a removal
 * has overtaken since is refused. One that no worker takes keeps none of the others.
 */
export async function sendAgain(client: Client, workflowId: string, acts: readonly WaitingAct[]): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  for (const { name, updateId, args } of acts) {
    const sent = client.connection.withDeadline(Date.now() + ACCEPTED_WITHIN_MS, () =>
      handle.startUpdate<unknown, [unknown, ...unknown[]]>(name, {
        args: args as [unknown],
        updateId,
        waitForStage: 'ACCEPTED',
      }),
    );
    await sent.catch((error: unknown) => {
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
        return;
      throw error;
    });
  }
}
