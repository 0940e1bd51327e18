import { continueAsNew, patched, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { TurningOffActivities, TurningOffKey } from '../activities/turning-off.ts';
import { showToOperators, type OperatorView } from './search-attributes.ts';

const activities = proxyActivities<TurningOffActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '500ms', maximumInterval: '1 minute' },
});

export interface TurningOffInput extends TurningOffKey {
  /** Continue as new after so many events; the server's own suggestion counts as well. For tests. */
  maxEvents?: number;
}

/**
 * Turns one instance's sharing off. The gate's intent starts it: by then nothing can be written any more and nothing of
 * the instance is public. It deletes every count, reads back zero, writes the receipt and lets sharing be turned on again;
 * then it keeps the 90 days of its cohort and erases the links that did not come back.
 */
export async function turningOff(input: TurningOffInput): Promise<{ erased: number }> {
  const { instanceId, generation } = input;
  const key = { instanceId, generation };
  let shown: OperatorView | undefined;
  await activities.deleteInstanceCounts(key);
  while ((await activities.countInstanceLeft(key)) > 0) {
    await sleep('10s', { summary: 'Counts were left: deletes again' });
    // Its cursor is in PostgreSQL, so there is nothing to carry.
    if (isLong() && patched('turning-off-continues')) await continueAsNew<typeof turningOff>(input);
    await activities.deleteInstanceCounts(key);
  }
  const { eraseAt } = await activities.finishTurningOff({ ...key, at: new Date().toISOString() });
  let erased = 0;
  for (let endsAt: string | null = eraseAt; endsAt !== null;) {
    // Only now: a namespace that lacks these attributes must not hold up a deletion.
    show('restorable', endsAt);
    const left = Date.parse(endsAt) - Date.now();
    if (left > 0) await sleep(left, { summary: 'The cohort’s window to come back' });
    // The window is PostgreSQL's, and a timer only a copy of it: what ends later is waited for.
    const done = await activities.eraseCohort({ ...key, at: new Date().toISOString() });
    erased += done.erased;
    endsAt = done.endsAt;
  }
  show('ended');
  return { erased };

  function show(status: string, dueAt?: string): void {
    if (patched('turning-off-shown')) shown = showToOperators(shown, { status, dueAt, instanceId });
  }

  function isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength > (input.maxEvents ?? Infinity);
  }
}
