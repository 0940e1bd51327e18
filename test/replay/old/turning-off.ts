import { proxyActivities, sleep } from '@temporalio/workflow';
import type { TurningOffActivities, TurningOffKey } from '../../../src/activities/turning-off.ts';

const activities = proxyActivities<TurningOffActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '500ms', maximumInterval: '1 minute' },
});

/**
 * As `src/workflows/turning-off.ts` was before operators saw where it stands. Kept for the test that takes runs of it to
 * the code of today.
 *
 * Turns one instance's sharing off. The gate's intent starts it: by then nothing can be written any more and nothing of
 * the instance is public. It deletes every count, reads back zero, writes the receipt and lets sharing be turned on again;
 * then it keeps the 90 days of its cohort and erases the links that did not come back.
 */
export async function turningOff(input: TurningOffKey): Promise<{ erased: number }> {
  await activities.deleteInstanceCounts(input);
  while ((await activities.countInstanceLeft(input)) > 0) {
    await sleep('10s', { summary: 'Counts were left: deletes again' });
    await activities.deleteInstanceCounts(input);
  }
  const { eraseAt } = await activities.finishTurningOff({ ...input, at: new Date().toISOString() });
  const left = Date.parse(eraseAt) - Date.now();
  if (left > 0) await sleep(left, { summary: 'The cohort’s window to come back' });
  const { erased } = await activities.eraseCohort({ ...input, at: new Date().toISOString() });
  return { erased };
}
