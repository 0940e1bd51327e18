import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startSweepers } from '../../src/sweepers/sweepers.ts';
import { accessRequestWorkflowId, requestQuery } from '../../src/workflows/access-request.messages.ts';
import { SEALING } from '../support/audit-seal.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let stopSweepers: () => Promise<void>;
let instanceId: string;
let ada: Caller;
beforeAll(async () => {
  world = await createApiWorld({ SYNC_EVERY: '3650d', SWEEP_EVERY: '100ms' });
  stopWork = await startWork(world);
  stopSweepers = startSweepers({
    ...world.parts,
    github: world.deps.github,
    audit: SEALING,
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
  });
  instanceId = await world.register();
  ada = await world.person('ada');
});
afterAll(async () => {
  await stopSweepers();
  await stopWork();
  await world.close();
});
afterEach(async () => {
  await world.pool.query(`update instance set sharing_status = 'unavailable'`);
  await world.pool.query(`update access_request set status = 'expired'`);
});

const NOTE = { note: 'They know the terms.' };

async function contacted() {
  const { body } = await ada.post<{ id: string }>('/api/v1/access-requests', { instanceId });
  const workflow = world.parts.client.workflow.getHandle(accessRequestWorkflowId(body.id));
  const act = (name: string) => world.support.post(`/api/v1/access-requests/${body.id}/${name}`, NOTE);
  const before = await workflow.fetchHistory();
  expect(await act('contacts')).toMatchObject({ status: 200, body: { status: 'contacted' } });
  return { workflow, act, before };
}

const hoursPass = () => world.pool.query(`update access_request set recorded_at = recorded_at - interval '3 hours'`);

test('a request of which Temporal knows nothing any more goes on from its row', async () => {
  const { workflow, act } = await contacted();
  await workflow.terminate();
  await hoursPass();
  await eventually(async () => (await workflow.describe()).status.name === 'RUNNING', 'it runs again');
  expect(await workflow.query(requestQuery)).toMatchObject({ status: 'contacted' });
  expect(await act('approve')).toMatchObject({ status: 200, body: { status: 'approved' } });
});

test('a request whose workflow was restored to an earlier moment takes over what its row says', async () => {
  const { workflow, act, before } = await contacted();
  const waits = before.events!.find((event) => event.timerStartedEventAttributes)!;
  await world.parts.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: workflow.workflowId },
    reason: 'restored',
    requestId: randomUUID(),
    workflowTaskFinishEventId: waits.timerStartedEventAttributes!.workflowTaskCompletedEventId!,
    // Signals and updates, the contact among them, are not there any more.
    resetReapplyExcludeTypes: [1, 2],
  });
  expect(await act('approve')).toMatchObject({ status: 409, code: 'request_wrong_state' });
  await hoursPass();
  await eventually(async () => (await act('approve')).status === 200, 'it can be approved');
});
