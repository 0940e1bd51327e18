import { NativeConnection } from '@temporalio/worker';
import '../support/runtime.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { upsertSchedule } from '../../src/temporal/schedule.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { startWorkers } from '../../src/temporal/worker.ts';
import type { ApiWorld } from './api-world.ts';

/** Workers on the world's own task queues, and its Schedule. @returns what stops them */
export async function startWork({ parts }: ApiWorld): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  await registerSearchAttributes(parts.client);
  const bundlePath = await workflowBundle(cacheFolder());
  const workers = await startWorkers(parts, { connection, namespace: 'default', bundlePath });
  await upsertSchedule(parts.client, parts.config);
  return async () => {
    await parts.client.schedule.getHandle(parts.config.SYNC_SCHEDULE_ID).delete();
    await workers.stop();
    await connection.close();
  };
}
