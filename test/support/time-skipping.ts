import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder } from '../../src/stack/cache.ts';
import { timeSkippingServer } from '../../src/stack/time-skipping.ts';

/**
 * A server whose clock skips to the next timer. It knows no Schedules and no visibility, and skips nothing while an
 * update's result is awaited: call `sleep`. The caller tears it down.
 */
export async function timeSkippingEnv(): Promise<TestWorkflowEnvironment> {
  const { executable } = await timeSkippingServer({
    cacheDir: cacheFolder(),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const start = () =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: executable } } });
  // The SDK gives it 5 seconds, which a busy machine may need for other things.
  return start().catch(start);
}
