import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { heldEpoch } from '../../src/db/restore-epoch.ts';
import { held, waits } from '../db/held.ts';
import { cliWith, type Cli } from './cli.ts';
import { newKey } from '../support/audit-seal.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'uc-deletions-'));
let at: CliWorld;
let env: Record<string, string>;
let cli: Cli;
let connectionId: string;
beforeAll(async () => {
  at = await createCliWorld();
  const { DATABASE_URL, TASK_QUEUE_PEOPLE, TASK_QUEUE_SYNC } = at.world.deps.config;
  env = { DATABASE_URL, TASK_QUEUE_PEOPLE, TASK_QUEUE_SYNC, TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS']! };
  cli = cliWith(env);
  const instanceId = await at.world.register();
  await at.world.switchOn(instanceId);
  const devi = await at.world.person('devi');
  const token = DEMO_TOKENS.instance('devi');
  connectionId = (await devi.post<{ id: string }>('/api/v1/connections', { instanceId, token })).body.id;
});
afterEach(async () => {
  await cli('deletions reapply');
});
afterAll(async () => {
  await at.close();
  rmSync(folder, { recursive: true });
});

const RECEIPT = {
  seq: 1,
  id: '5b3f0e9c-6f0e-4a40-9d33-0d5e1f1c2a11',
  scope: 'connection',
  generation: 2,
  cause: 'opted_out',
  askedAt: '2027-03-01T12:00:00.000Z',
  verifiedAt: '2027-03-01T12:00:01.000Z',
  itemsDeleted: 3,
  publicCopiesExpireAt: '2027-03-01T12:05:01.000Z',
  endsIn: null,
};

function fileOf(...lines: object[]): string {
  const path = join(folder, 'receipts.jsonl');
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

test('a database that is held shows and takes nothing, and says why, until the deletions are reapplied', async () => {
  const hold = await cli('deletions hold');
  expect(hold).toMatchObject({ code: 0, err: '' });
  expect(hold.out).toMatch(/^The database is held since \S+Z: "deletions reapply" lets it go\.\n$/);
  const { world } = at;
  for (const reply of [
    await world.anyone.get('/readyz'),
    await world.operator.get('/api/v1/accounts'),
    await world.anyone.get(`/api/v1/receipts/${connectionId}`),
  ]) {
    expect(reply).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(reply.body['detail']).toBe(
      'The database was restored from a backup: nothing is shown or written before "deletions reapply" is through.',
    );
  }
  expect(await world.anyone.get('/healthz')).toMatchObject({ status: 200 });
  expect(await cli('deletions reapply')).toMatchObject({ code: 0, err: '' });
  expect(await world.anyone.get('/readyz')).toMatchObject({ status: 200 });
  expect(await world.operator.get('/api/v1/accounts')).toMatchObject({ status: 200 });
});

test('a worker that is started too early ends, and says why', async () => {
  await cli('deletions hold');
  const child = spawn(process.execPath, ['--import', 'tsx', 'worker.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...env,
      TOKEN_KEYS: at.world.deps.config.TOKEN_KEYS,
      AUDIT_KEYS: newKey('a1'),
    },
  });
  const said = textOf(child.stdout);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(await said).toContain('nothing is shown or written before \\"deletions reapply\\" is through');
}, 60_000);

test('killed in the midst of it, it is held still, and the same again does the rest', async () => {
  const path = fileOf({ ...RECEIPT, subjectId: connectionId });
  const { pool } = at.world;
  const other = await held(pool, (tx) => tx.query('select 1 from connection where id = $1 for update', [connectionId]));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'deletions', 'reapply', '--receipts', path],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], ...env },
    },
  );
  await waits(pool, 'unified-contributions cli');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await other.commit();
  expect(await heldEpoch(pool)).toBeDefined();
  const done = await cli.json<{ connections: object }>('deletions reapply --receipts', path);
  expect(done).toMatchObject({ receipts: { read: 1, putBack: 1 }, connections: { removed: 1, erased: 0 } });
  expect(await heldEpoch(pool)).toBeUndefined();
  expect(await cli.json('deletions reapply --receipts', path)).toMatchObject({
    receipts: { read: 1, putBack: 0 },
    connections: { removed: 0, erased: 0 },
  });
}, 60_000);

test('every kind of line is acted on, and what is numbered from then on lies above them', async () => {
  const { world } = at;
  const { rows } = await world.pool.query<{ id: string; generation: number; closed: number }>(
    `select c.instance_id as id, c.generation, i.sharing_generation as closed
     from connection c join instance i on i.id = c.instance_id where c.id = $1`,
    [connectionId],
  );
  const { id: instanceId, generation, closed } = rows[0]!;
  const when = { at: '2027-03-01T12:00:00.000Z' };
  const highest = 8e15;
  const path = fileOf(
    { seq: 5, act: 'opt_out', subjectId: connectionId, generation: generation + 1, cause: 'opted_out', ...when },
    { seq: 6, act: 'turn_off', subjectId: instanceId, generation: closed + 1, cause: 'sharing.connect_lost', ...when },
    { seq: 7, withdrawal: 'sharing.revoked', subjectId: instanceId, generation: closed + 1, ...when },
    { examined: { receipt: highest, audit: highest } },
  );
  const ran = await cli('deletions reapply --receipts', path);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/Connections +1 removed again, 0 forgotten again/);
  expect(ran.out).toMatch(/Instances .* 1 closed again, whose days the worker deletes/);
  expect(ran.out).toMatch(/Taken back +1 made private/);
  const { rows: now } = await world.pool.query(
    `select sharing_status, (select ends_in from turning_off where instance_id = i.id and generation = $2),
       (select seq from receipt where subject_id = $3 and generation = $4) as seq from instance i where id = $1`,
    [instanceId, closed + 1, connectionId, generation + 1],
  );
  expect(now).toEqual([{ sharing_status: 'turning_off', ends_in: 'unavailable', seq: highest + 1 }]);
});

test('a file that holds something else is refused before anything is done', async () => {
  const path = fileOf({ ...RECEIPT, subjectId: connectionId }, { hello: 'world' });
  const ran = await cli('deletions reapply --receipts', path);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(`Line 2 of ${path} is no receipt: nothing was done.`);
  expect(await heldEpoch(at.world.pool)).toBeUndefined();
  expect((await cli('deletions reapply --receipts', join(folder, 'nowhere'))).err).toContain(
    'cannot be opened (ENOENT)',
  );
});
