import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { insertRequest, projectRequest } from '../../src/db/access-requests.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { newRequest } from '../../src/domain/access-request.ts';
import { addDaysTo } from '../../src/domain/dates.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { startOrphan } from '../../src/temporal/deliver.ts';
import { accessRequestWorkflowId, requestQuery } from '../../src/workflows/access-request.messages.ts';
import { connectionWorkflowId } from '../../src/workflows/ids.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type World } from '../support/world.ts';

let env: TestWorkflowEnvironment;
let world: World;
beforeAll(async () => {
  env = await timeSkippingEnv();
  // Workers that keep no workflow in memory: the server would wait for those that went away with one.
  world = await createWorld({ env, bundlePath: await workflowBundle(cacheFolder()) });
  await world.switchOn();
}, 60_000);
afterAll(async () => {
  await world.close();
  await env.teardown();
});

/** What became of a workflow's timers, in order. */
async function timers(workflowId: string): Promise<('started' | 'fired')[]> {
  const { events } = await world.client.workflow.getHandle(workflowId).fetchHistory();
  return events!.flatMap((event) =>
    event.timerStartedEventAttributes ? ['started'] : event.timerFiredEventAttributes ? ['fired'] : [],
  );
}
const rests = (workflowId: string) =>
  eventually(async () => (await timers(workflowId)).join() === 'started', 'only its timer is open');
const fired = (workflowId: string) =>
  eventually(async () => (await timers(workflowId)).join() === 'started,fired', 'its timer fires');

/** First contact is due at that time. */
async function requestDue(contactDueAt: string): Promise<string> {
  const { client, config, instanceId, pool } = world;
  const id = randomUUID();
  const at = await world.now();
  const requester = { sourceUserId: 1, sourceCreatedAt: '2020-01-01T00:00:00Z', githubUserId: 1 };
  const logged = { status: 'logged', contactDueAt, expiresAt: addDaysTo(at, 30) } as const;
  const request = { ...newRequest(requester, at), ...logged };
  const standing = await inTransaction(pool, async (tx) => {
    const by = { actor: 'test', at, operationId: randomUUID() };
    const { version } = await insertRequest(tx, { id, instanceId, requester, ...by });
    await projectRequest(tx, id, request, version);
    return { request, version };
  });
  await startOrphan(client, config, { requestId: id, instanceId, requester, askedAt: at, standing });
  return id;
}

test('what falls due while no worker runs for a week is done when one is there: once, and not before', async () => {
  const { client, pool } = world;
  const devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
  const linked = async () => (await pool.query('select 1 from connection_person')).rowCount === 1;
  const { rows } = await pool.query<{ restore_until: Date }>('select restore_until from connection');
  const windowEnds = rows[0]!.restore_until;
  const window = connectionWorkflowId(devi.id);
  await rests(window);
  await world.sleep('83 days');
  const requestId = await requestDue(windowEnds.toISOString());
  const request = accessRequestWorkflowId(requestId);
  await rests(request);
  const messages = async () =>
    (await pool.query<{ event: string }>('select event from outbox where subject_id = $1', [requestId])).rows;

  // The server's clock stands still where a task waits for a worker: so the week ends with both timers, not after them.
  await world.workers.stop();
  const stopped = Date.parse(await world.now());
  await world.sleep(`${windowEnds.getTime() - stopped}ms`);
  await Promise.all([fired(window), fired(request)]);
  expect(Date.parse(await world.now()) - stopped).toBeGreaterThan(6.9 * 86_400_000);
  expect([await linked(), await devi.status(), await messages()]).toEqual([true, 'restorable', []]);

  await world.upgrade();
  await devi.until('ended');
  expect(await linked()).toBe(false);
  const { rows: lapsed } = await pool.query<{ at: Date }>(`select at from audit where action = 'connection.lapsed'`);
  expect(lapsed).toHaveLength(1);
  expect(lapsed[0]!.at >= windowEnds).toBe(true);
  await eventually(async () => (await messages()).length > 0, 'the message');
  expect(await client.workflow.getHandle(request).query(requestQuery)).toMatchObject({ status: 'logged' });
  expect(await messages()).toEqual([{ event: 'request.contact_due' }]);
}, 60_000);
