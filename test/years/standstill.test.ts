import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { insertRequest, orphanedRequests, projectRequest } from '../../src/db/access-requests.ts';
import { takeOverdue } from '../../src/db/overdue.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { receiptsOf } from '../../src/db/removals.ts';
import { newRequest } from '../../src/domain/access-request.ts';
import { addDaysTo } from '../../src/domain/dates.ts';
import { startOrphan } from '../../src/temporal/deliver.ts';
import { stateQuery } from '../../src/workflows/connection.messages.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let env: TestWorkflowEnvironment;
let world: World;
beforeAll(async () => {
  env = await timeSkippingEnv();
  world = await createWorld({ env });
  await world.switchOn();
}, 60_000);
afterAll(async () => {
  await world.close();
  await env.teardown();
});

/**
 * From now on nothing happens by itself. The server's clock does not skip over work that waits for a worker, nor over
 * that of a workflow which was ended in the midst of it: it has to be idle.
 */
async function stops(developer: Developer, status: string): Promise<void> {
  const handle = world.client.workflow.getHandle(connectionWorkflowId(developer.id));
  await eventually(async () => (await handle.query(stateQuery))?.status === status, `it knows that it is ${status}`);
  await handle.terminate('nothing runs for a while');
}
const linked = async ({ id }: Developer) =>
  (await world.pool.query('select 1 from connection_person where connection_id = $1', [id])).rowCount === 1;
const actions = async (id: string) =>
  (
    await world.pool.query<{ action: string }>('select action from audit where subject_id = $1 order by id', [id])
  ).rows.map(({ action }) => action.replace(/^\w+\./, ''));

test('an opt-out that nobody took up for a week is done then, as of when it was asked for', async () => {
  const devi = await world.sending('devi');
  await stops(devi, 'sending');
  const asked = await world.now();
  await devi.acceptOptOut();
  await world.sleep('7 days');
  expect(await devi.counts()).not.toEqual([]);
  await devi.wake();
  await devi.until('restorable');
  const [receipt, ...others] = await receiptsOf(world.pool, devi.id);
  expect(others).toEqual([]);
  expect(receipt).toMatchObject({ cause: 'opted_out', itemsLeft: 0 });
  expect(receipt!.askedAt >= asked && receipt!.askedAt < addDaysTo(asked, 1)).toBe(true);
  expect(receipt!.verifiedAt >= addDaysTo(asked, 7)).toBe(true);
  const { rows } = await world.pool.query<{ restore_until: Date }>(
    'select restore_until from connection where id = $1',
    [devi.id],
  );
  expect(rows[0]!.restore_until.toISOString()).toBe(addDaysTo(receipt!.askedAt, 90));
  expect(await devi.counts()).toEqual([]);
});

test('a window that ended while nothing ran ends when somebody looks, once', async () => {
  const emil = await world.sending('emil');
  await emil.optOut();
  await emil.until('restorable');
  await stops(emil, 'restorable');
  await world.sleep('97 days');
  expect(await linked(emil)).toBe(true);
  expect(await takeOverdue(world.pool, await world.now(), 10)).toContain(emil.id);
  await emil.wake();
  await emil.until('ended');
  await emil.wake();
  expect(await linked(emil)).toBe(false);
  expect((await actions(emil.id)).filter((action) => action === 'lapsed')).toHaveLength(1);
});

test('a workflow whose clock is ahead of what PostgreSQL says looks again, and erases nothing early', async () => {
  const farah = await world.sending('farah');
  await farah.optOut();
  await farah.until('restorable');
  await world.pool.query(`update connection set restore_until = restore_until + interval '10 minutes' where id = $1`, [
    farah.id,
  ]);
  await world.sleep('90 days');
  await world.sleep('5 minutes');
  expect([await linked(farah), await farah.status()]).toEqual([true, 'restorable']);
  await world.sleep('10 minutes');
  await farah.until('ended');
  expect(await linked(farah)).toBe(false);
});

test('a request that nobody looked after for 8 days gets one message, the latest, and expires once', async () => {
  const { config, instanceId, pool } = world;
  const id = randomUUID();
  const askedAt = await world.now();
  const requester = { sourceUserId: 1, sourceCreatedAt: '2020-01-01T00:00:00Z', githubUserId: 1 };
  await inTransaction(pool, async (tx) => {
    const { version } = await insertRequest(tx, {
      id,
      instanceId,
      requester,
      actor: 'test',
      at: askedAt,
      operationId: randomUUID(),
    });
    const [contactDueAt, expiresAt] = [addDaysTo(askedAt, 2), addDaysTo(askedAt, 30)];
    const logged = { ...newRequest(requester, askedAt), status: 'logged' as const, contactDueAt, expiresAt };
    await projectRequest(tx, id, logged, version);
  });
  await world.sleep('8 days');
  await pool.query(`update access_request set recorded_at = recorded_at - interval '3 hours'`);
  const [orphan] = await orphanedRequests(pool, 10);
  await startOrphan(world.client, config, orphan!);
  const messages = async () =>
    (
      await pool.query<{ event: string }>('select event from outbox where subject_id = $1 order by created_at', [id])
    ).rows.map(({ event }) => event);
  await eventually(async () => (await messages()).length > 0, 'the message');
  expect(await messages()).toEqual(['request.contact_overdue']);
  await world.sleep('40 days');
  await eventually(async () => (await actions(id)).includes('expired'), 'the end');
  expect(await actions(id)).toEqual(['made', 'escalated', 'expired']);
});

test('a cohort whose window ends later than its run believes is not erased early, and not forgotten', async () => {
  const goran = await world.sending('goran');
  await world.switchOff();
  const cohort = async () =>
    (await world.pool.query('select cohort_generation from connection where id = $1', [goran.id])).rows[0]
      .cohort_generation !== null;
  await eventually(cohort, 'its clock runs');
  await world.pool.query(`update connection set restore_until = restore_until + interval '10 minutes' where id = $1`, [
    goran.id,
  ]);
  await world.sleep('90 days');
  await world.sleep('5 minutes');
  expect(await linked(goran)).toBe(true);
  await world.sleep('10 minutes');
  await eventually(async () => !(await linked(goran)), 'it is erased');
  const { rows } = await world.pool.query(`select detail from audit where action = 'sharing.cohort_erased'`);
  // Those of the tests before were removed by other clocks.
  expect(rows).toEqual([{ detail: { generation: 1, erased: 1 } }]);
});
