import { randomUUID } from 'node:crypto';
import { recordConnect } from '../../../src/db/instances.ts';
import { instanceSyncWorkflowId } from '../../../src/workflows/ids.ts';
import type { SyncSettings } from '../../../src/workflows/sync.messages.ts';
import { createWorld, type World } from '../../support/world.ts';
import type { StateOf } from '../states.ts';
import { refuseInserts } from '../../support/refuse-inserts.ts';
import type { Keeper, Moment } from './keeper.ts';

const SETTINGS: SyncSettings = { buckets: 2, pageSize: 1, deadlineMs: 60_000, breakerPages: 3, stretchMs: 0 };

export async function recordSyncs(keeper: Keeper): Promise<void> {
  const world = await createWorld();
  try {
    await record(world, keeper);
  } finally {
    world.peer.faults.clear();
    await world.close();
  }
}

async function record(world: World, keeper: Keeper): Promise<void> {
  const { client, pool, peer, instanceId } = world;
  const child = instanceSyncWorkflowId(instanceId);
  const start = async (settings: Partial<SyncSettings> = {}) => {
    const workflowId = `contribution-sync/${randomUUID()}`;
    const args = [{ settings: { ...SETTINGS, ...settings }, trigger: 'test' }];
    await client.workflow.start('contributionSync', { workflowId, taskQueue: world.config.TASK_QUEUE_SYNC, args });
    return workflowId;
  };
  const run = async (settings: Partial<SyncSettings> = {}) => {
    const workflowId = await start(settings);
    await client.workflow.getHandle(workflowId).result();
    return workflowId;
  };
  const keepRun = (state: StateOf<'contributionSync'>, workflowId: string, moment?: Partial<Moment>) =>
    keeper.keep(client, 'contributionSync', state, { workflowId, ...moment });
  const keepChild = (state: StateOf<'instanceSync'>, moment?: Partial<Moment>) =>
    keeper.keep(client, 'instanceSync', state, { workflowId: child, ...moment });

  await keepRun('finished-nothing', await run());
  await world.switchOn();
  for (const key of ['devi', 'emil', 'goran']) await world.sending(key);

  await keepRun('finished', await run());
  await keepChild('finished');

  const hold = peer.faults.hold({ path: 'graphql' });
  const waiting = await start({ buckets: 1 });
  await hold.waiting();
  await keepRun('waiting', waiting);
  await keepChild('reading', { during: 'syncPages' });
  await keepRun('finished-skipped', await run());
  hold.release();
  await client.workflow.getHandle(waiting).result();

  await run({ buckets: 1, maxPages: 1 });
  await keepChild('finished-continued');
  const { events } = await client.workflow.getHandle(child).fetchHistory();
  const { continuedExecutionRunId } = events![0]!.workflowExecutionStartedEventAttributes!;
  await keepChild('finished-continues', { runId: continuedExecutionRunId! });

  await run({ deadlineMs: 0 });
  await keepChild('partial');

  peer.faults.add({ kind: 'bad-gateway' });
  await run({ buckets: 1, breakerPages: 2 });
  await keepChild('breaker_open');
  peer.faults.clear();

  const restore = await refuseInserts(pool, 'sync_page');
  await run({ buckets: 1 });
  await keepChild('partial-page_lost');
  await restore();

  await recordConnect(pool, instanceId, false, await world.now());
  await run();
  await keepChild('gate_closed');
  await recordConnect(pool, instanceId, true, await world.now());
  await run();

  const late = peer.faults.hold({ path: 'graphql' });
  const closing = await start({ buckets: 1 });
  await late.waiting();
  await world.switchOff();
  late.release();
  await client.workflow.getHandle(closing).result();
  await keepChild('gate_closed-meanwhile');
}
