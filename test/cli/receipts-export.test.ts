import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openReceiptsFile } from '../../src/cli/receipts-file.ts';
import { insertReceipt } from '../../src/db/removals.ts';
import type { Queryable } from '../../src/db/pool.ts';
import { held, waits } from '../db/held.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'uc-export-'));
let at: CliWorld;
let path: string;
beforeAll(async () => {
  at = await createCliWorld();
});
afterAll(async () => {
  await at.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  path = join(folder, randomUUID());
  await at.world.pool.query('delete from receipt');
});

const AT = '2027-03-01T12:00:00.000Z';

async function deleted(db: Queryable = at.world.pool): Promise<string> {
  const subjectId = randomUUID();
  const when = { askedAt: AT, verifiedAt: AT, itemsDeleted: 5, publicCacheMs: 300_000 };
  await insertReceipt(db, { scope: 'connection', subjectId, generation: 2, cause: 'opted_out', ...when });
  return subjectId;
}

const added = async () => (await at.cli.json<{ added: number }>('receipts export', path)).added;
const exported = () =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : ((JSON.parse(line) as { subjectId?: string }).subjectId ?? [])));
const lines = () => readFileSync(path, 'utf8').trim().split('\n');

test('each hour adds what is new, and nothing twice', async () => {
  const [first, second] = [await deleted(), await deleted()];
  expect(await added()).toBe(2);
  expect(await added()).toBe(0);
  const third = await deleted();
  expect(await at.cli('receipts export', path)).toMatchObject({ code: 0, out: `1 lines were added to ${path}.\n` });
  expect(exported()).toEqual([first, second, third]);
});

test('a line that was cut off when an export was killed is written anew', async () => {
  const first = await deleted();
  await added();
  const second = await deleted();
  appendFileSync(path, '{"seq":99999,"id":"c0');
  expect(await added()).toBe(1);
  expect(exported()).toEqual([first, second]);
});

test('one that took its place in the order before another, and was committed after it, is not left out', async () => {
  const late = await held(at.world.pool, (tx) => deleted(tx));
  const early = await deleted();
  const exporting = added();
  await waits(at.world.pool, 'unified-contributions cli');
  await late.commit();
  expect(await exporting).toBe(2);
  expect(exported()).toEqual([late.value, early]);
});

test('two exports at once add each receipt once', async () => {
  for (let count = 0; count < 20; count += 1) await deleted();
  const both = await Promise.all([added(), added()]);
  expect(both.toSorted((a, b) => a - b)).toEqual([0, 20]);
  expect(new Set(exported()).size).toBe(20);
  expect(exported()).toHaveLength(20);
});

test('what was examined is in the file, of which only what comes after it is looked at', async () => {
  await deleted();
  await added();
  const last = lines().at(-1)!;
  const { examined } = JSON.parse(last) as { examined: { receipt: number; audit: number } };
  const { rows } = await at.world.pool.query<{ id: number }>('select max(id) as id from audit');
  expect(examined.audit).toBe(rows[0]!.id);
  const before = 'x'.repeat(200_000);
  writeFileSync(path, `${before}\n${last}\n`);
  const second = await deleted();
  expect(await added()).toBe(1);
  expect(lines().slice(2).join('\n')).toContain(second);
  const size = lines().length;
  expect(await added()).toBe(0);
  expect(lines()).toHaveLength(size);
});

test('what an export had added that was killed after it is not added again', async () => {
  const first = await deleted();
  await added();
  writeFileSync(path, `${lines()[0]}\n`);
  const second = await deleted();
  expect(await added()).toBe(1);
  expect(exported()).toEqual([first, second]);
});

test('lines longer than what is read at once are found from the end', async () => {
  const kept = { withdrawal: 'token.revoked', subjectId: randomUUID(), generation: null, at: AT };
  const many = Array.from({ length: 2000 }, (_, index) => JSON.stringify({ seq: 2000 - index, ...kept }));
  writeFileSync(path, many.map((line) => `${line}\n`).join(''));
  const file = await openReceiptsFile(path);
  await file.close();
  expect(file.places).toEqual({ receipt: 0, audit: 2000 });
});

test('a database that knows less than the file is refused: it was restored, or is another one', async () => {
  writeFileSync(path, `${JSON.stringify({ examined: { receipt: 8e15, audit: 1 } })}\n`);
  const ran = await at.cli('receipts export', path);
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain(`The database knows less than ${path}: nothing was added.`);
  expect(ran.err).toContain('"deletions reapply --receipts" comes first');
});

test('a gate that was closed is added, though no worker has deleted anything yet', async () => {
  const instanceId = await at.world.register();
  await at.world.switchOn(instanceId);
  const ada = await at.world.person('ada');
  const off = await ada.put(`/api/v1/instances/${instanceId}/sharing/instance-side`, { enabled: false });
  expect(off.body).toMatchObject({ status: 'turning_off' });
  await added();
  expect(exported()).toEqual([instanceId]);
});
