import { randomUUID } from 'node:crypto';
import type { Developer, World } from './world.ts';

/** So many developers that all of them turning at once is their instance's fault. */
export async function manySending(world: World): Promise<Developer[]> {
  const keys = ['devi', 'emil', 'farah', 'goran', 'ada', 'ines', 'bruno', 'chloe'];
  const more = ['x1', 'x2', 'x3', 'x4'];
  for (const [at, key] of more.entries()) {
    const model = world.peer.people.get('devi');
    world.peer.people.add({
      ...model,
      key,
      login: key,
      id: 9000 + at,
      tokens: [{ value: `gho_demo_instance_${key}`, scopes: ['read:user'], revoked: false }],
    });
  }
  return Promise.all([...keys, ...more].map((key) => world.sending(key)));
}

/** One run of the hourly sync, to its end. */
export async function runSync({ client, config }: World): Promise<void> {
  await client.workflow.execute('contributionSync', {
    workflowId: `contribution-sync/${randomUUID()}`,
    taskQueue: config.TASK_QUEUE_SYNC,
    args: [{ settings: { buckets: 1, pageSize: 100, deadlineMs: 60_000, breakerPages: 3 }, trigger: 'test' }],
  });
}
