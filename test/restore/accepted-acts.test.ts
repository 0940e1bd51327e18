import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ok } from '../../demo/story/api.ts';
import { until } from '../../demo/story/until.ts';
import { cliWith } from '../cli/cli.ts';
import { copyStore, newFolder, sends, startServers, startSystem, turnsOn, type System } from './restore-world.ts';

const STORES = ['postgres', 'temporal'] as const;
const folder = newFolder();
const dataDir = join(folder.path, 'data');
const backup = join(folder.path, 'backup');
const receiptsFile = join(folder.path, 'receipts.jsonl');
const cli = cliWith({ DATA_DIR: dataDir });

let acme: string;
let globex: string;
const ids: Record<string, string> = {};

afterAll(() => folder.clear());

beforeAll(async () => {
  await onSystem(async (system) => {
    [acme, globex] = [await system.registers('ghes.acme.example'), await system.registers('ghes.globex.example')];
    await turnsOn(system, [acme, globex]);
    ids['devi'] = await sends(system, 'devi', acme);
    ids['emil'] = await sends(system, 'emil', acme);
    ids['farah'] = await sends(system, 'farah', globex);
  });
  for (const store of STORES) copyStore(store, dataDir, backup);
  await onSystem(actsAreAccepted, ['peers', 'api']);
  for (const store of STORES) copyStore(store, backup, dataDir);
}, 240_000);

async function onSystem(look: (system: System) => Promise<void>, parts?: ('peers' | 'api')[]): Promise<void> {
  const system = await startSystem(dataDir, parts);
  try {
    await look(system);
  } finally {
    await system.stop();
  }
}

/** No worker runs: each is told that it is accepted, and nothing is deleted yet when the disk is lost. */
async function actsAreAccepted(system: System): Promise<void> {
  ok(await (await system.person('devi', acme)).optsOut());
  ok(await (await system.person('emil', acme)).forgets());
  ok(await (await system.admin(globex)).disables('instance'));
  expect((await system.pool.query('select 1 from receipt')).rowCount).toBe(0);
  expect(await cli.json('receipts export', receiptsFile)).toMatchObject({ added: 3 });
}

test('what was accepted and not verified yet does not come back with a backup, and is carried out', async () => {
  const servers = await startServers(dataDir);
  try {
    await cli.json('deletions hold');
    const first = await cli.json('deletions reapply --receipts', receiptsFile);
    expect(first).toMatchObject({
      receipts: { read: 0, putBack: 0 },
      connections: { removed: 1, erased: 1 },
      instances: { turnedOff: 0, closed: 1 },
    });
    expect(await cli.json('deletions reapply --receipts', receiptsFile)).toMatchObject({
      connections: { removed: 0, erased: 0 },
      instances: { turnedOff: 0, closed: 0 },
    });
  } finally {
    await servers.stop();
  }
  await onSystem(async (system) => {
    for (const key of ['devi', 'emil']) expect(await system.database.counts(ids[key]!)).toEqual([]);
    expect(await system.database.link(ids['emil']!)).toMatchObject({ person: false, token: false });
    await (await system.person('devi', acme)).isNow('restorable');
    const admin = await system.admin(globex);
    await until(
      'the worker to turn off what was closed again',
      () => admin.sharing(),
      (sharing) => sharing.status === 'off',
    );
    expect(await system.database.countsOfInstance(globex)).toBe(0);
    const { rows } = await system.pool.query<{ id: string }>('select subject_id as id from receipt');
    expect(new Set(rows.map((row) => row.id))).toEqual(new Set([ids['devi'], ids['emil'], globex]));
    expect(await cli.json('receipts export', receiptsFile)).toMatchObject({ added: 4 });
    ok(await (await system.person('devi', acme)).reconnects());
    await (await system.person('devi', acme)).isNow('sending');
  });
}, 240_000);
