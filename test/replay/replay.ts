import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Recorded } from './histories.ts';

/** Replays each with the bundle given. @returns what each failed with, by its name; nothing for those that replay */
export async function replay(
  workflowBundle: WorkflowBundleOption,
  histories: readonly Recorded[],
): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  const entries = histories.map(({ name, history }) => ({ workflowId: name, history }));
  // One at a time: a history is replayed when the last one is answered.
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, entries)) {
    if (error) failed[workflowId] = `${error.name}: ${error.message}`;
  }
  return failed;
}
