import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startSweepers } from '../../src/sweepers/sweepers.ts';
import { accessRequestWorkflowId } from '../../src/workflows/access-request.messages.ts';
import { SEALING } from '../support/audit-seal.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
let sweeping: (() => Promise<void>) | undefined;
beforeAll(async () => {
  world = await createApiWorld({ SWEEP_EVERY: '50ms' });
  stopWork = await startWork(world);
  instanceId = await world.register();
});
afterEach(async () => {
  await sweeping?.();
  sweeping = undefined;
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

const NOTE = { note: 'What she said of herself.' };

/** A request of hers that waits for support. */
async function logged(who: Caller): Promise<string> {
  const { id } = (await who.post<{ id: string }>('/api/v1/access-requests', { instanceId })).body;
  await eventually(async () => (await rowOf(id)).status === 'logged', 'the request is logged');
  return id;
}

async function rowOf(id: string) {
  const { rows } = await world.pool.query<Record<string, unknown> & { status: string }>(
    `select status, requester_source_user_id as user_id, requester_github_user_id as github_user_id,
       extract(epoch from requester_source_created_at)::int as created from access_request where id = $1`,
    [id],
  );
  return rows[0]!;
}

const NOBODY = { user_id: 0, github_user_id: 0, created: 0 };
const actions = async (id: string) =>
  (
    await world.pool.query<{ action: string }>('select action from audit where subject_id = $1 order by id', [id])
  ).rows.map((row) => row.action);
const workflowEnds = (id: string) =>
  eventually(async () => {
    const { status } = await world.deps.temporal.workflow.getHandle(accessRequestWorkflowId(id)).describe();
    return status.name === 'COMPLETED';
  }, 'the workflow ends');

describe('a site administrator who wants to be forgotten', () => {
  test('has their open request withdrawn, with all that was written about it, and its workflow ends', async () => {
    const ada = await world.person('ada');
    const id = await logged(ada);
    await world.support.post(`/api/v1/access-requests/${id}/contacts`, NOTE);
    expect(await ada.post('/api/v1/me/forget')).toMatchObject({
      status: 200,
      body: { connections: [], requests: [id] },
    });
    expect(await rowOf(id)).toEqual({ status: 'withdrawn', ...NOBODY });
    expect((await actions(id)).slice(-2)).toEqual(['request.withdrawn', 'request.requester_erased']);
    expect((await world.pool.query('select 1 from note')).rowCount).toBe(0);
    await workflowEnds(id);
    await eventually(() => isTold(id), 'it is known to be told');
  });

  test('is not kept waiting by Temporal: the sweeper tells the workflow later', async () => {
    const ada = await world.person('ada');
    const id = await logged(ada);
    const { temporal } = world.deps;
    world.deps.temporal = { connection: { withDeadline: () => Promise.reject(new Error('down')) } } as never;
    expect(await ada.post('/api/v1/me/forget')).toMatchObject({ status: 200, body: { requests: [id] } });
    world.deps.temporal = temporal;
    expect(await rowOf(id)).toEqual({ status: 'withdrawn', ...NOBODY });
    sweeping = startSweepers({
      ...world.parts,
      github: world.deps.github,
      audit: SEALING,
      log: pino({ level: 'silent' }),
      clock: () => new Date(),
    });
    await workflowEnds(id);
  });

  test('leaves a request that was decided as it was decided, and in nobody’s name', async () => {
    const ada = await world.person('ada');
    const id = await logged(ada);
    await ada.post(`/api/v1/access-requests/${id}/withdraw`);
    await eventually(async () => (await rowOf(id)).status === 'withdrawn', 'it is withdrawn');
    expect(await ada.post('/api/v1/me/forget')).toMatchObject({ status: 200, body: { requests: [id] } });
    expect(await rowOf(id)).toEqual({ status: 'withdrawn', ...NOBODY });
    expect((await actions(id)).filter((one) => one === 'request.withdrawn')).toHaveLength(1);
  });

  test('makes room for the next administrator at once', async () => {
    const ada = await world.person('ada');
    await logged(ada);
    await ada.post('/api/v1/me/forget');
    expect(await rowOf(await logged(await world.person('ines')))).toMatchObject({ status: 'logged' });
  });
});

async function isTold(id: string): Promise<boolean> {
  const { rowCount } = await world.pool.query('select 1 from access_request where id = $1 and looked_at is not null', [
    id,
  ]);
  return rowCount === 1;
}
