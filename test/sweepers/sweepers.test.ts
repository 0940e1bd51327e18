import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { pino } from 'pino';
import { startSweepers } from '../../src/sweepers/sweepers.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../../src/workflows/ids.ts';
import { SEALING } from '../support/audit-seal.ts';
import { createWorld, eventually, type World } from '../support/world.ts';

let world: World;
let log: string[];
/** Connections that cannot be woken, and how. */
let bad: Map<string, () => Promise<never>>;
let stop: () => Promise<void>;
beforeEach(async () => {
  world = await createWorld({ settings: { SWEEP_EVERY: '20ms' } });
  await world.switchOn();
  [log, bad] = [[], new Map()];
  stop = async () => {};
});
afterEach(async () => {
  await stop();
  await world.close();
});

function sweep(): void {
  const interceptor: WorkflowClientInterceptor = {
    signalWithStart: (input, next) => bad.get(input.options.workflowId)?.() ?? next(input),
  };
  const client = new Client({ connection: world.client.connection, interceptors: { workflow: [interceptor] } });
  const { pool, config, sources, github, cipher } = world;
  const lines = pino({ level: 'info' }, { write: (line: string) => void log.push(line) });
  stop = startSweepers({
    pool,
    client,
    config,
    sources,
    github,
    cipher,
    audit: SEALING,
    log: lines,
    clock: () => new Date(),
  });
}

test('one that cannot be woken is logged and keeps none of the others from their turn', async () => {
  const [devi, emil] = [await world.sending('devi'), await world.sending('emil')];
  await devi.acceptOptOut();
  await emil.acceptOptOut();
  bad.set(connectionWorkflowId(devi.id), () => Promise.reject(new Error('odd')));
  sweep();
  await emil.until('restorable');
  expect(await devi.status()).toBe('sending');
  expect(log.some((line) => line.includes('"sweep":"intents"') && line.includes('"error":"odd"'))).toBe(true);
});

test('one in the midst of a restore goes on after its workflow was lost', async () => {
  const devi = await world.sending('devi');
  const before = await devi.counts();
  await devi.optOut();
  await devi.until('restorable');
  world.peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
  await devi.reconnect();
  await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).terminate('lost');
  world.peer.faults.clear();
  expect(await devi.status()).toBe('restoring');
  await world.pool.query(`update connection set recorded_at = recorded_at - interval '11 minutes'`);
  sweep();
  await devi.until('sending');
  expect(await devi.counts()).toEqual(before);
});

test('links that were erased with their cohort have their workflows closed', async () => {
  const devi = await world.sending('devi');
  await world.pool.query('delete from connection_person');
  await world.pool.query('update connection set erased_at = now(), restore_until = now()');
  sweep();
  await devi.until('ended');
  const closed = async () => {
    const { status } = await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).describe();
    return status.name === 'COMPLETED';
  };
  await eventually(closed, 'its workflow ends');
  expect(await devi.status()).toBe('ended');
});

test('a turning off whose workflow Temporal knows to have ended, and PostgreSQL not, is done again', async () => {
  const devi = await world.sending('devi');
  // As after a restore of PostgreSQL: that id was used by a run that came to its end.
  const workflowId = sharingWorkflowId(world.instanceId, 1);
  const nobody = { connectionId: randomUUID() };
  await world.client.workflow.execute('connection', {
    workflowId,
    taskQueue: world.config.TASK_QUEUE_PEOPLE,
    args: [nobody],
  });
  await world.switchOff();
  const off = async () => {
    const { rows } = await world.pool.query<{ status: string }>('select sharing_status as status from instance');
    return rows[0]!.status === 'off';
  };
  await eventually(off, 'it is off');
  expect(await devi.counts()).toEqual([]);
});

test('a stop does not wait for what Temporal does not answer', async () => {
  const devi = await world.sending('devi');
  await devi.acceptOptOut();
  let asked = 0;
  const unanswered = randomUUID();
  bad.set(connectionWorkflowId(devi.id), () => {
    asked += 1;
    // Nobody polls this queue, so its result never comes.
    return world.client.workflow.execute('connection', {
      workflowId: unanswered,
      taskQueue: 'nobody',
    }) as Promise<never>;
  });
  sweep();
  await eventually(async () => asked > 0, 'it is asked');
  await stop();
  const { status } = await world.client.workflow.getHandle(unanswered).describe();
  expect(status.name).toBe('RUNNING');
  await world.client.workflow.getHandle(unanswered).terminate();
});
