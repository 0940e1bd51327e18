import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { upsertSchedule } from '../../src/temporal/schedule.ts';
import type { contributionSync } from '../../src/workflows/contribution-sync.ts';
import type { ContributionSyncInput } from '../../src/workflows/sync.messages.ts';
import type { Setting } from './setting.ts';

/** A way to sync one instance, once. It resolves when all of it is written. */
export interface Side {
  name: 'temporal' | 'plain';
  sync(instanceId: string): Promise<void>;
  stop(): Promise<void>;
}

/** The product: a run through Temporal, with the input that the Schedule carries, in the worker's process. */
export async function temporalSide({ client, pool, config }: Setting): Promise<Side> {
  // A worker does this too when it starts, and may not have yet.
  await upsertSchedule(client, config);
  const { action } = await client.schedule.getHandle(config.SYNC_SCHEDULE_ID).describe();
  const [scheduled] = action.args as [ContributionSyncInput];
  return {
    name: 'temporal',
    async sync(instanceId) {
      const { runId } = await client.workflow.execute<typeof contributionSync>('contributionSync', {
        workflowId: `contribution-sync/bench/${randomUUID()}`,
        taskQueue: config.TASK_QUEUE_SYNC,
        args: [{ ...scheduled, trigger: 'bench', instanceIds: [instanceId] }],
      });
      const { rows } = await pool.query<{ outcome: string; failed: number }>(
        'select outcome, failed from sync_instance_run where run_id = $1',
        [runId],
      );
      const [run] = rows;
      if (run?.outcome !== 'finished' || run.failed > 0) throw new Error(`The run ended as ${JSON.stringify(run)}.`);
    },
    stop: () => Promise.resolve(),
  };
}

const answer = z.object({ done: z.boolean(), reason: z.string().optional() });

/** The plain script, in a process of its own with the same settings. */
export function plainSide({ env }: Setting): Side {
  const child = fork(fileURLToPath(new URL('plain.ts', import.meta.url)), { env: { ...process.env, ...env } });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const next = () =>
    new Promise<z.output<typeof answer>>((resolve) => {
      child.once('message', (message) => resolve(answer.parse(message)));
    });
  return {
    name: 'plain',
    async sync(instanceId) {
      const settled = Promise.race([next(), ended.then(() => ({ done: false, reason: 'it ended' }))]);
      child.send({ instanceId });
      const { done, reason } = await settled;
      if (!done) throw new Error(`The plain script failed: ${reason}`);
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
