import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { NativeConnection, Worker, bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle as bundleOf } from '../../src/temporal/bundle.ts';
import { connectionStart } from '../../src/temporal/deliver.ts';
import { wakeSignal } from '../../src/workflows/connection.messages.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../../src/workflows/ids.ts';
import { manySending, runSync } from '../support/many-sending.ts';
import { endWorkflow } from '../../src/repair/mend.ts';
import { sendAgain, waitingActs } from '../../src/repair/waiting-acts.ts';
import { holdAction } from '../support/refuse-inserts.ts';
import { eventually, type Developer } from '../support/world.ts';
import { createDoctorWorld, type DoctorWorld, type Finding } from './doctor-world.ts';

let at: DoctorWorld;
beforeEach(async () => {
  at = await createDoctorWorld();
});
afterEach(() => at.close());

const workflowOf = ({ id }: Developer) => at.world.client.workflow.getHandle(connectionWorkflowId(id));
const statusOf = async (one: Developer) => (await workflowOf(one).describe()).status.name;
const timePasses = () => at.world.pool.query(`update connection set recorded_at = recorded_at - interval '1 hour'`);
const brief = (found: Finding[]) => found.map(({ poison, subject }) => [poison, subject.kind, subject.id]);

async function recordsOf(subjectId: string) {
  const { rows } = await at.world.pool.query<{ actor: string; detail: Record<string, unknown> }>(
    `select actor, detail from audit where subject_id = $1 and action like '%.repaired'`,
    [subjectId],
  );
  return rows;
}

test('where all is well the doctor finds nothing', async () => {
  await at.world.sending('devi');
  await timePasses();
  expect(await at.check()).toEqual([]);
  expect(await at.says()).toMatch(/^\d+ looked at, 0 found wrong: all is as it should be\.\n$/);
});

test('a connection whose workflow was lost is found and started again, in the operator’s name', async () => {
  const devi = await at.world.sending('devi');
  await workflowOf(devi).terminate('lost');
  await timePasses();
  const [found] = await at.check();
  expect(found).toMatchObject({ poison: 'workflow_missing', subject: { kind: 'connection', id: devi.id } });
  expect(found!.words).toContain('its workflow has ended (terminated)');
  expect(await at.says()).toContain('A repair: It is started from its row.');
  expect(await recordsOf(devi.id)).toEqual([]);
  expect(await at.repair()).toMatchObject([{ repaired: true }]);
  expect(await at.check()).toEqual([]);
  expect(await statusOf(devi)).toBe('RUNNING');
  const record = { actor: at.operator, detail: { poison: 'workflow_missing', repair: 'start' } };
  expect(await recordsOf(devi.id)).toMatchObject([record]);
  await devi.optOut();
  await devi.until('restorable');
});

test('a row that says another thing than its workflow is what the workflow goes by afterwards', async () => {
  const devi = await at.world.sending('devi');
  await at.world.pool.query(
    `update connection set status = 'restorable', sending_since = null, restore_until = now() + interval '9 days'`,
  );
  // One that was written a moment ago may still be followed.
  expect(await at.check()).toEqual([]);
  await timePasses();
  const [found] = await at.check();
  expect(found).toMatchObject({ poison: 'row_contradicts', subject: { id: devi.id } });
  expect(found!.words).toContain('says restorable, and its workflow says sending');
  await at.repair();
  const shown = async () => (await workflowOf(devi).describe()).searchAttributes['UcStatus']?.[0];
  await eventually(async () => (await shown()) === 'restorable', 'it says so, too');
  expect(await at.check()).toEqual([]);
  expect(await devi.reconnect()).toMatchObject({ status: 'restoring' });
});

test('a workflow whose history is of other code is begun anew from its row', async () => {
  const devi = await at.world.sending('devi');
  await workflowOf(devi).terminate('for the other code');
  const queue = `odd-${randomUUID()}`;
  const odd = fileURLToPath(new URL('./odd-workflows.ts', import.meta.url));
  const logger = new DefaultLogger('ERROR');
  await polled(queue, await bundleWorkflowCode({ workflowsPath: odd, logger }), async () => {
    await at.world.client.workflow.start('connection', connectionStart(devi.id, queue));
    const hasWaited = async () => (await workflowOf(devi).describe()).historyLength >= 8;
    await eventually(hasWaited, 'it has gone past its timer');
  });
  await polled(queue, { codePath: await bundleOf(cacheFolder()) }, async () => {
    await workflowOf(devi).signal(wakeSignal);
    await eventually(async () => (await at.check(3)).length > 0, 'its tasks fail', 25_000);
    const [found] = await at.check(3);
    expect(found).toMatchObject({ poison: 'workflow_stuck', subject: { kind: 'connection', id: devi.id } });
    expect(found!.words).toMatch(/cannot go on: its own code failed \d+ times/);
    expect(await at.repair(3)).toMatchObject([{ repaired: true }]);
  });
  await timePasses();
  expect(await at.check(3)).toEqual([]);
  await devi.optOut();
  await devi.until('restorable');
}, 60_000);

async function polled(
  taskQueue: string,
  workflowBundle: { code: string } | { codePath: string },
  work: () => Promise<void>,
): Promise<void> {
  const connection = await NativeConnection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, maxCachedWorkflows: 0 });
  await worker.runUntil(work);
  await connection.close();
}

test('a step that is tried for ever is named, and goes on when it can', async () => {
  const devi = await at.world.sending('devi');
  await at.world.pool.query('alter table removal rename to removal_elsewhere');
  await devi.optOut();
  await eventually(async () => (await at.check(3)).length > 0, 'its step fails again and again', 25_000);
  const [found] = await at.check(3);
  expect(found).toMatchObject({ poison: 'workflow_stuck', subject: { id: devi.id } });
  expect(found!.words).toMatch(/removeConnectionCounts failed \d+ times \(internal\)/);
  await at.world.pool.query('alter table removal_elsewhere rename to removal');
  await at.repair(3);
  await devi.until('restorable');
  expect(await devi.counts()).toEqual([]);
  await timePasses();
  expect(await at.check(3)).toEqual([]);
}, 60_000);

test('an act that a workflow has accepted and cannot do is done by the one that is begun anew', async () => {
  const devi = await at.world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  const allow = await holdAction(at.world.pool, 'connection.reconnected');
  // Its developer was answered 202 meanwhile.
  const answered = devi.reconnect().catch(() => 'by nobody');
  await eventually(async () => (await at.check(3)).length > 0, 'its step fails again and again', 25_000);
  await at.repair(3);
  await allow();
  await devi.until('sending');
  expect(await answered).toBe('by nobody');
  const { rows } = await at.world.pool.query<{ waiting: string[] }>(
    `select detail -> 'waiting' as waiting from audit where action = 'connection.repaired' and subject_id = $1`,
    [devi.id],
  );
  expect(rows[0]!.waiting).toHaveLength(1);
}, 60_000);

test('an act that an opt-out has overtaken is not done by a repair', async () => {
  const devi = await at.world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  const { pool, client, workers } = at.world;
  const allow = await holdAction(pool, 'connection.reconnected');
  const answered = devi.reconnect().catch(() => 'by nobody');
  const workflowId = connectionWorkflowId(devi.id);
  const waits = async () =>
    ((await client.workflow.getHandle(workflowId).describe()).raw.pendingActivities ?? []).length > 0;
  await eventually(waits, 'its step is tried', 20_000);
  const waiting = await waitingActs(client, workflowId);
  await workers.stop();
  // Meanwhile its developer opts out; what is begun anew takes that up first.
  await devi.acceptOptOut();
  await allow();
  await endWorkflow(client, workflowId, 'repaired');
  await devi.wake();
  await at.world.upgrade();
  await sendAgain(client, workflowId, waiting);
  const again = client.workflow.getHandle(workflowId).getUpdateHandle(waiting[0]!.updateId);
  await expect(again.result()).rejects.toMatchObject({ cause: { type: 'fence_moved' } });
  expect([await answered, waiting.length]).toEqual(['by nobody', 1]);
  expect([await devi.status(), await devi.counts()]).toEqual(['restorable', []]);
}, 60_000);

test('a workflow whose row has ended without it is ended', async () => {
  const devi = await at.world.sending('devi');
  await at.world.pool.query(`update connection set status = 'ended', erased_at = now()`);
  const found = await at.check();
  expect(brief(found)).toEqual([['workflow_without_row', 'connection', devi.id]]);
  await at.repair();
  expect(await statusOf(devi)).toBe('TERMINATED');
  expect(await at.check()).toEqual([]);
});

test('an accepted act for something that is not there any more is closed', async () => {
  const [operationId, nobody] = [randomUUID(), randomUUID()];
  await at.world.pool.query(
    `insert into intent (operation_id, kind, subject_id, generation, asked_at)
     values ($1, 'opt_out', $2, 1, now() - interval '1 hour')`,
    [operationId, nobody],
  );
  const [found] = await at.check();
  expect(found).toMatchObject({ poison: 'act_undeliverable', subject: { kind: 'act', id: operationId } });
  expect(found!.words).toContain(`An accepted act (opt_out) waits for ${nobody}`);
  await at.repair();
  expect(await at.check()).toEqual([]);
  expect(await recordsOf(nobody)).toMatchObject([{ actor: at.operator }]);
});

test('a turning off whose workflow ended before its end is taken up again', async () => {
  const devi = await at.world.sending('devi');
  const { sharing } = await at.world.switchOff();
  const run = at.world.client.workflow.getHandle(sharingWorkflowId(at.world.instanceId, sharing.generation));
  await eventually(async () => (await devi.counts()).length === 0, 'the deletion');
  await run.terminate('lost');
  await at.world.pool.query(`update turning_off set asked_at = asked_at - interval '1 hour'`);
  await timePasses();
  const found = await at.check();
  expect(brief(found)).toEqual([['workflow_missing', 'sharing', `${at.world.instanceId}/${sharing.generation}`]]);
  await at.repair();
  expect((await run.describe()).status.name).toBe('RUNNING');
  expect(await at.check()).toEqual([]);
});

test('an instance all of whose developers turn at once is shown, and nothing of theirs is deleted', async () => {
  const many = await manySending(at.world);
  const before = await Promise.all(many.map((one) => one.counts()));
  at.world.peer.faults.add({ kind: 'suspended' });
  await runSync(at.world);
  const [found] = await at.check();
  expect(found).toMatchObject({ poison: 'many_turned', subject: { kind: 'instance', id: at.world.instanceId } });
  expect(found!.words).toContain('12 of 12 developers of this instance cannot be read');
  expect(await at.repair()).toMatchObject([{ poison: 'many_turned', repaired: false }]);
  expect(await Promise.all(many.map((one) => one.counts()))).toEqual(before);
  at.world.peer.faults.clear();
  await runSync(at.world);
  await timePasses();
  expect(await at.check()).toEqual([]);
}, 60_000);
