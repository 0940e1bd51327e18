import { condition, setHandler, sleep } from '@temporalio/workflow';
import { wakeSignal } from '../../src/workflows/connection.messages.ts';

/** What a release with other code has left behind: its history holds a timer that the product's code never starts. */
export async function connection(): Promise<void> {
  setHandler(wakeSignal, () => undefined);
  await sleep('1ms');
  await condition(() => false);
}
