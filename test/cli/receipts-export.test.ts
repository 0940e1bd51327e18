import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
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
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { subjectId: string }).subjectId);

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
