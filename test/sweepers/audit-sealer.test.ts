import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { sealedHead } from '../../src/db/audit-seal.ts';
import { sealAudit } from '../../src/sweepers/audit-sealer.ts';
import { sealAll, writeRecord } from '../db/audit-world.ts';
import { createDbWorld, type DbWorld } from '../db/db-world.ts';
import { SEALING } from '../support/audit-seal.ts';
import { eventually } from '../support/eventually.ts';

let world: DbWorld;
let folder: string;
let file: string;
let log: string[];
beforeEach(async () => {
  world = await createDbWorld();
  folder = mkdtempSync(join(tmpdir(), 'uc-anchor-'));
  file = join(folder, 'anchors.jsonl');
  log = [];
});
afterEach(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

const sweepAt = (at: string, anchorFile: string | undefined = file) =>
  sealAudit({
    pool: world.pool,
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
    clock: () => new Date(at),
    audit: { ...SEALING, anchorFile },
  });
const exported = () =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const logged = () => log.flatMap((line) => (JSON.parse(line) as { auditHead?: object }).auditHead ?? []);

test('the head is exported each hour, to the file and to the log, with ids and hashes only', async () => {
  await sealAll(world.pool, SEALING.seal);
  await sweepAt('2027-03-01T12:00:00.000Z');
  const head = (await sealedHead(world.pool))!;
  const first = {
    seq: head.seq,
    hash: head.hash.toString('hex'),
    keyId: 'a1',
    count: head.seq,
    at: '2027-03-01T12:00:00.000Z',
  };
  expect(exported()).toEqual([first]);

  await writeRecord(world.pool);
  await sealAll(world.pool, SEALING.seal);
  await sweepAt('2027-03-01T12:59:59.999Z');
  expect(exported()).toEqual([first]);
  await sweepAt('2027-03-01T13:00:00.000Z');
  expect(exported()).toMatchObject([first, { seq: head.seq + 1, count: head.seq + 1, at: '2027-03-01T13:00:00.000Z' }]);
  expect(logged()).toEqual(exported());
});

test('what cannot be written to the file is told again by the next sweep', async () => {
  await sealAll(world.pool, SEALING.seal);
  await expect(sweepAt('2027-03-01T12:00:00.000Z', join(folder, 'gone', 'anchors.jsonl'))).rejects.toThrow('ENOENT');
  await sweepAt('2027-03-01T12:00:05.000Z');
  expect(exported()).toHaveLength(1);
});

test('a sweep seals all that is there, in as many batches as it takes', async () => {
  await world.pool.query(
    `insert into audit (subject_kind, subject_id, version, action, actor, at)
     select 'token', gen_random_uuid(), nextval('projection_version'), 'token.created', 'test', now() from generate_series(1, 1200)`,
  );
  const { rows } = await world.pool.query<{ all: number }>('select count(*) as all from audit');
  await eventually(async () => {
    await sweepAt('2027-03-01T12:00:00.000Z');
    return (await sealedHead(world.pool))?.seq === rows[0]!.all;
  }, 'all is sealed');
  expect(await sealedHead(world.pool)).toMatchObject({ seq: rows[0]!.all });
});
