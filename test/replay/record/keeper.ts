import type { Client } from '@temporalio/client';
import { eventually } from '../../support/eventually.ts';
import { writeHistory, type History } from '../histories.ts';
import { STATES, type StateOf, type WorkflowName } from '../states.ts';

export interface Moment {
  workflowId: string;
  /** An earlier run; the present one unless told. */
  runId?: string;
  /** The activity under way, where the state is one of waiting for it. */
  during?: string;
  /** What the history has to hold by then: the name of an event's attributes. */
  holds?: keyof NonNullable<History['events']>[number];
  /** Done once it rests, and kept as well: a history that ends with a step cannot tell that nothing followed from it. */
  goOn?: () => Promise<void>;
}

/** Writes down what histories look like in the states that a scenario brings workflows to. */
export class Keeper {
  readonly kept: string[] = [];
  readonly #version: string;
  readonly #only: RegExp;

  /** @param only the `<workflow>/<state>` to write; the others are left as they are */
  constructor(version: string, only: RegExp) {
    this.#version = version;
    this.#only = only;
  }

  /** Whether a history of this workflow is to be written. */
  wants(workflow: WorkflowName): boolean {
    return STATES[workflow].some((state) => this.#only.test(`${workflow}/${state}`));
  }

  /** Waits until the workflow rests in this state, with nothing under way but what is told. */
  async keep<Name extends WorkflowName>(
    client: Client,
    workflow: Name,
    state: StateOf<Name>,
    moment: Moment,
  ): Promise<void> {
    const { workflowId, runId, during, holds, goOn } = moment;
    const handle = client.workflow.getHandle(workflowId, runId);
    let history: History = {};
    const rests = async () => {
      const description = await handle.describe().catch(unlessNotThere);
      if (!description) return false;
      const { raw } = description;
      const pending = (raw.pendingActivities ?? []).map((one) => one.activityType?.name);
      history = await handle.fetchHistory();
      const isOver = raw.workflowExecutionInfo?.closeTime != null;
      const isHeld = pending.join() === (during ?? '');
      const isThere = holds === undefined || history.events!.some((event) => event[holds] != null);
      return isThere && (isOver || (isHeld && hasNoTask(history)));
    };
    await eventually(rests, `${workflow} rests: ${state}`, 30_000);
    if (goOn) {
      await goOn();
      await eventually(rests, `${workflow} rests again: ${state}`, 30_000);
    }
    if (!this.#only.test(`${workflow}/${state}`)) return;
    writeHistory(this.#version, workflow, state, history);
    this.kept.push(`${workflow}/${state}`);
  }
}

/** It may be just starting. */
function unlessNotThere(error: Error): undefined {
  if (error.name !== 'WorkflowNotFoundError') throw error;
}

/** The last workflow task is completed, and no other waits. */
function hasNoTask({ events }: History): boolean {
  const scheduled = events!.findLastIndex((event) => event.workflowTaskScheduledEventAttributes != null);
  const completed = events!.findLastIndex((event) => event.workflowTaskCompletedEventAttributes != null);
  return completed > scheduled;
}
