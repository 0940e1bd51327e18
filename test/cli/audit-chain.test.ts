import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sealedHead } from '../../src/db/audit-seal.ts';
import { createAuditSeal } from '../../src/keys/audit-seal.ts';
import { sealAll, tamper, writeRecord } from '../db/audit-world.ts';
import { newKey } from '../support/audit-seal.ts';
import { cliWith, type Cli } from './cli.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

const AUDIT_KEYS = newKey('a1');
const seal = createAuditSeal(AUDIT_KEYS);
let at: CliWorld;
let cli: Cli;
let folder: string;
let anchor: { seq: number; hash: string };
beforeAll(async () => {
  at = await createCliWorld();
  folder = mkdtempSync(join(tmpdir(), 'uc-anchor-'));
  cli = cliWith({ DATABASE_URL: at.databaseUrl, AUDIT_KEYS });
  for (let n = 0; n < 5; n += 1) await writeRecord(at.world.pool);
  await sealAll(at.world.pool, seal);
  const head = (await sealedHead(at.world.pool))!;
  anchor = { seq: head.seq, hash: head.hash.toString('hex') };
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await at.close();
});

function fileOf(...lines: object[]): string {
  const file = join(folder, 'anchors.jsonl');
  writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"seq": 1, "ha`);
  return file;
}

test('audit verify says how far all is as it was sealed, against a file of heads, a log or one line', async () => {
  const file = fileOf(anchor, { level: 30, auditHead: anchor }, { level: 30, msg: 'request' });
  const byFile = await cli('audit verify --anchor', file);
  expect(byFile).toMatchObject({ code: 0, err: '' });
  expect(byFile.out).toContain(`${anchor.seq}, each as it was sealed and where it was`);
  expect(byFile.out).toContain('2 hold');
  expect(await cli.json('audit verify --anchor', JSON.stringify(anchor))).toMatchObject({ head: anchor, anchors: 1 });
  expect((await cli('audit verify')).out).toContain('none given: whether the end was cut off is not known');
});

test('audit verify ends with 1 and names the first record that is wrong', async () => {
  const wrong = { ...anchor, hash: '0'.repeat(64) };
  expect(await cli('audit verify --anchor', JSON.stringify(wrong))).toMatchObject({ code: 1, out: '' });
  const ahead = await cli('audit verify --anchor', fileOf({ ...anchor, seq: anchor.seq + 9 }));
  expect(ahead).toMatchObject({ code: 1 });
  expect(ahead.err).toContain(
    `Record ${anchor.seq + 1} is not there, and the anchor knows records up to ${anchor.seq + 9}`,
  );

  await tamper(at.world.pool, `update audit set actor = 'another' where sealed_seq = 3`);
  const altered = await cli('audit verify');
  expect(altered.code).toBe(1);
  expect(altered.err).toContain('Record 3 is not as it was sealed');
  expect(altered.err).toContain('All up to record 2 are as they were sealed.');
  await tamper(at.world.pool, `update audit set actor = 'test' where sealed_seq = 3`);
});

test('audit verify needs the keys, and heads where it is told that there are some', async () => {
  const without = await cliWith({ DATABASE_URL: at.databaseUrl })('audit verify');
  expect(without).toMatchObject({ code: 2 });
  expect(without.err).toContain('AUDIT_KEYS is not set.');
  expect(await cli('audit verify --anchor', fileOf({ level: 30 }))).toMatchObject({ code: 2 });
  expect(await cli('audit verify --anchor', join(folder, 'none'))).toMatchObject({ code: 2 });
});

test('audit export prints sealed records as JSON lines in their order, also from where an export before ended', async () => {
  const lines = async (more: string) =>
    (await at.cli(`audit export${more}`)).out
      .split('\n')
      .flatMap((line) => (line ? [JSON.parse(line) as { seq: number }] : []));
  const all = await lines('');
  expect(all.map((one) => one.seq)).toEqual(Array.from({ length: anchor.seq }, (_, n) => n + 1));
  expect(all.at(-1)).toMatchObject({ ...anchor, keyId: 'a1', action: 'connection.tested' });
  expect(await lines(` --after ${anchor.seq - 2}`)).toEqual(all.slice(-2));
  expect(await lines(' --actor nobody')).toEqual([]);
});
