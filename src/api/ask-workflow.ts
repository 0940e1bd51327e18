import { WithStartWorkflowOperation, type Client, type WorkflowUpdateHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { callAgainWhileClosing } from '../temporal/closing.ts';

/** What takes longer is answered 202 with a place to look at. */
const ANSWER_WITHIN_MS = 5000;
/** An update that no worker has accepted is kept nowhere: within this time it is accepted, or the caller tries again. */
const ACCEPTED_WITHIN_MS = 8000;

export type Asked<Ret> = { answered: true; value: Ret } | { answered: false };

export interface Ask<Ret, Args extends unknown[]> {
  temporal: Client;
  /** How the workflow is started where it does not run. */
  start: WithStart;
  update: UpdateDefinition<Ret, Args>;
  args: Args;
  updateId: string;
}

export type WithStart = ConstructorParameters<typeof WithStartWorkflowOperation>[1] & { type: string };

/**
 * Sends an update, started with its workflow where that does not run, and waits for its answer for a while. The update's
 * id makes it the same one when it is sent again.
 * @throws what the update was refused with; service_unavailable when nobody accepted it
 */
export async function askWorkflow<Ret, Args extends unknown[]>(ask: Ask<Ret, Args>): Promise<Asked<Ret>> {
  const { temporal, update, args, updateId } = ask;
  const { type, ...options } = ask.start;
  const send = () =>
    accepted(temporal, () =>
      temporal.workflow.startUpdateWithStart<never, Ret, Args>(update, {
        args,
        updateId,
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation(type, options) as never,
      }),
    );
  return answerOf(temporal, await callAgainWhileClosing(send));
}

/** The same for a workflow that must be there already. @throws not_found */
export async function askRunning<Ret>(
  temporal: Client,
  workflowId: string,
  update: string,
  arg: { operationId: string },
): Promise<Asked<Ret>> {
  const handle = await accepted(temporal, () =>
    temporal.workflow.getHandle(workflowId).startUpdate<Ret, [typeof arg]>(update, {
      args: [arg],
      updateId: arg.operationId,
      waitForStage: 'ACCEPTED',
    }),
  );
  return answerOf(temporal, handle);
}

async function accepted<Handle>(temporal: Client, ask: () => Promise<Handle>): Promise<Handle> {
  return temporal.connection.withDeadline(Date.now() + ACCEPTED_WITHIN_MS, ask);
}

async function answerOf<Ret>(temporal: Client, handle: WorkflowUpdateHandle<Ret>): Promise<Asked<Ret>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Asked<Ret>>((resolve) => {
    timer = setTimeout(() => resolve({ answered: false }), ANSWER_WITHIN_MS);
  });
  const answer = temporal.connection
    .withDeadline(Date.now() + ANSWER_WITHIN_MS * 2, () => handle.result())
    .then((value): Asked<Ret> => ({ answered: true, value }));
  // Whoever came late is not listened to any more.
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
