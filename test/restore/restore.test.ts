import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ok } from '../../demo/story/api.ts';
import { until } from '../../demo/story/until.ts';
import { cliWith } from '../cli/cli.ts';
import { copyStore, newFolder, sends, startServers, startSystem, turnsOn, type System } from './restore-world.ts';

const folder = newFolder();
const dataDir = join(folder.path, 'data');
const backup = join(folder.path, 'backup');
const later = join(folder.path, 'later');
const receiptsFile = join(folder.path, 'receipts.jsonl');
const cli = cliWith({ DATA_DIR: dataDir });

let acme: string;
let globex: string;
let initech: string;
let requestId: string;
let tokenId: string;
const ids: Record<string, string> = {};

afterAll(() => folder.clear());

beforeAll(async () => {
  await onSystem(peopleSend);
  for (const store of ['postgres', 'temporal'] as const) copyStore(store, dataDir, backup);
  await onSystem(muchHappens);
  for (const store of ['postgres', 'temporal'] as const) copyStore(store, dataDir, later);
}, 240_000);

async function peopleSend(system: System): Promise<void> {
  [acme, globex, initech] = [
    await system.registers('ghes.acme.example'),
    await system.registers('ghes.globex.example'),
    await system.registers('ghes.initech.example'),
  ];
  await turnsOn(system, [acme, globex]);
  for (const [key, at] of [
    ['devi', acme],
    ['emil', acme],
    ['chloe', acme],
    ['farah', globex],
  ] as const) {
    ids[key] = await sends(system, key, at);
  }
  tokenId = (await cli.json<{ id: string }>('tokens create support --github-user-id 7')).id;
  const request = await (await system.admin(initech)).requestsAccess();
  requestId = request.body.id;
  await until(
    'the request to be logged',
    () => system.support.queue(),
    (all) => all[0]?.status === 'logged',
  );
  ok(await system.support.logsContact(requestId, 'They called.'));
}

/** An opt-out, a forget, a disable, a new connection, a decision, a token that is revoked and a profile made private. */
async function muchHappens(system: System): Promise<void> {
  const devi = await system.person('devi', acme);
  ok(await devi.optsOut());
  await devi.isNow('restorable');
  const emil = await system.person('emil', acme);
  ok(await emil.forgets());
  ok(await (await system.admin(globex)).disables('instance'));
  ids['goran'] = await sends(system, 'goran', acme);
  ok(await system.support.approves(requestId, 'It is agreed.'));
  expect((await cli('tokens revoke', tokenId)).code).toBe(0);
  await (await system.person('chloe', acme)).makesProfilePrivate();
  await until(
    'three receipts',
    () => receipts(system),
    (all) => all.length === 3,
  );
  const exported = await cli.json<{ added: number }>('receipts export', receiptsFile);
  // Three receipts, their three acts, a token and a profile.
  expect(exported.added).toBe(8);
}

async function receipts({ pool }: System) {
  const { rows } = await pool.query<Record<string, unknown>>(
    'select id, scope, subject_id, generation, cause, asked_at, verified_at, items_deleted from receipt order by id',
  );
  return rows;
}

/** Both stores as they are now, one of them or both from the backup; then what an operator does. */
async function restored(older: readonly ('postgres' | 'temporal')[]) {
  for (const store of ['postgres', 'temporal'] as const) {
    copyStore(store, older.includes(store) ? backup : later, dataDir);
  }
  const servers = await startServers(dataDir);
  try {
    if (older.includes('postgres')) await cli.json('deletions hold');
    const first = await cli('deletions reapply --json --receipts', receiptsFile);
    expect(first).toMatchObject({ code: 0, err: '' });
    const second = await cli.json<Reapplied>('deletions reapply --receipts', receiptsFile);
    return { done: JSON.parse(first.out) as Reapplied, second };
  } finally {
    await servers.stop();
  }
}

interface Reapplied {
  receipts: { read: number; putBack: number };
  connections: { removed: number; erased: number };
  instances: { turnedOff: number; itemsDeleted: number; closed: number };
  withdrawn: number;
  lapsed: number;
  workflows: { started: number; restarted: number; ended: number };
}
const NOTHING = {
  receipts: { read: 3, putBack: 0 },
  connections: { removed: 0, erased: 0 },
  instances: { turnedOff: 0, itemsDeleted: 0, closed: 0 },
  withdrawn: 0,
  lapsed: 0,
  workflows: { started: 0, restarted: 0, ended: 0 },
};

/** What must hold whichever store was older: nothing of the removed is anywhere, and the two stores agree. */
async function nothingCameBack(system: System): Promise<void> {
  for (const key of ['devi', 'emil', 'farah']) {
    expect(await system.database.counts(ids[key]!)).toEqual([]);
  }
  expect(await system.database.link(ids['emil']!)).toMatchObject({ person: false, token: false });
  const kept = readFileSync(receiptsFile, 'utf8').trim().split('\n');
  const there = (await receipts(system)).map((one) => String(one['id']));
  const told = kept.flatMap((line) => (JSON.parse(line) as { id?: string }).id ?? []);
  expect(there.toSorted()).toEqual(told.toSorted());
  const taken = await system.pool.query(
    `select (select revoked_at is not null from api_token where id = $1) as revoked,
       (select visibility from profile p join connection_person m on m.profile_id = p.id where m.connection_id = $2) as shown`,
    [tokenId, ids['chloe']],
  );
  expect(taken.rows).toEqual([{ revoked: true, shown: 'private' }]);
  const { rows } = await system.pool.query<{ id: string; status: string }>('select id, status from connection');
  const open = rows.filter((one) => one.status !== 'ended').map((one) => `connection/${one.id}`);
  await until(
    'every open connection, and no other, to have its workflow',
    async () => (await running(system, 'connection')).toSorted(),
    (all) => JSON.stringify(all) === JSON.stringify(open.toSorted()),
  );
  for (const one of rows) {
    if (one.status === 'ended') continue;
    const workflow = system.temporal.workflow.getHandle(`connection/${one.id}`);
    // One that was just begun has not looked at its row yet.
    await until(
      'a workflow to say what its row says',
      () => workflow.query<{ status: string } | null>('state'),
      (state) => state?.status === one.status,
    );
  }
}

async function running({ temporal }: System, type: string): Promise<string[]> {
  const found: string[] = [];
  for await (const one of temporal.workflow.list({
    query: `WorkflowType = '${type}' and ExecutionStatus = 'Running'`,
  })) {
    found.push(one.workflowId);
  }
  return found;
}

async function syncGoesOn(system: System, keys: readonly string[]): Promise<void> {
  const run = await system.operator.syncs();
  expect(run.instances.map((one) => [one.instanceId, one.outcome])).toEqual([[acme, 'finished']]);
  for (const key of keys) {
    expect(await system.database.counts(ids[key]!)).toEqual(await system.instance.window(key, run.startedAt));
  }
}

async function shownAt(system: System, key: string, at: string) {
  const one = await system.person(key, at);
  return one.id === '' ? undefined : ok(await one.connection()).status;
}

async function onSystem(look: (system: System) => Promise<void>): Promise<void> {
  const system = await startSystem(dataDir);
  try {
    await look(system);
  } finally {
    await system.stop();
  }
}

test('what is exported names nobody', () => {
  expect(existsSync(receiptsFile)).toBe(true);
  expect(readFileSync(receiptsFile, 'utf8')).not.toMatch(/draman|estrand|ftane|gho_|example/);
});

describe.each([
  ['PostgreSQL is older than Temporal', ['postgres']],
  ['both stores are older', ['postgres', 'temporal']],
] as const)('%s', (_what, older) => {
  test('what was deleted is deleted again, and everything goes on', async () => {
    const { done, second } = await restored(older);
    expect(done).toMatchObject({
      receipts: { read: 3, putBack: 3 },
      connections: { removed: 1, erased: 1 },
      instances: { turnedOff: 1, closed: 0 },
      withdrawn: 2,
    });
    expect(done.instances.itemsDeleted).toBeGreaterThan(0);
    expect(second).toMatchObject(NOTHING);
    await onSystem(async (system) => {
      await nothingCameBack(system);
      expect(await shownAt(system, 'devi', acme)).toBe('restorable');
      expect(await shownAt(system, 'farah', globex)).toBe('restorable');
      expect(await (await system.admin(globex)).sharing()).toMatchObject({ status: 'off' });
      // They connected after the backup: nothing of it is left, and they can connect again.
      expect(await shownAt(system, 'goran', acme)).toBeUndefined();
      await sends(system, 'goran', acme);
      ok(await (await system.person('devi', acme)).reconnects());
      await (await system.person('devi', acme)).isNow('sending');
      // The decision is lost with the database: the request waits for it again, and can be decided.
      expect(await system.support.reads(requestId)).toMatchObject({ status: 'contacted' });
      expect(ok(await system.support.approves(requestId, 'It is agreed.'))).toMatchObject({ status: 'approved' });
      await syncGoesOn(system, ['chloe', 'devi']);
    });
  }, 240_000);
});

describe('Temporal is older than PostgreSQL', () => {
  test('every workflow is put where its row is, and nothing is done twice', async () => {
    const { done, second } = await restored(['temporal']);
    expect(done).toMatchObject({ ...NOTHING, workflows: expect.anything() });
    expect(done.workflows.started + done.workflows.restarted + done.workflows.ended).toBeGreaterThan(0);
    expect(second).toMatchObject(NOTHING);
    await onSystem(async (system) => {
      await nothingCameBack(system);
      expect(await shownAt(system, 'devi', acme)).toBe('restorable');
      expect(await shownAt(system, 'goran', acme)).toBe('sending');
      expect(await system.support.reads(requestId)).toMatchObject({ status: 'approved' });
      expect(await running(system, 'accessRequest')).toEqual([]);
      expect(await running(system, 'turningOff')).toHaveLength(1);
      await syncGoesOn(system, ['chloe', 'goran']);
    });
  }, 240_000);
});
