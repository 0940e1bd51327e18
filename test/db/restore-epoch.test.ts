import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writePage } from '../../src/db/count-writes.ts';
import { holdDatabase, liftHold } from '../../src/db/restore-epoch.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { AT, createDbWorld, says, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

const by = { actor: 'cli', at: AT };

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

async function write(count: number, pool = world.pool) {
  const { page, readNumber } = await world.openPage();
  return writePage(pool, page, readNumber, [{ message: says(devi, 2, readNumber, count), openRead: false }]);
}

test('no count is written to a database that is held, whoever asks, until it is let go', async () => {
  expect(await write(1)).toBe(1);
  const { id } = await holdDatabase(world.pool, by);
  await expect(write(2)).rejects.toMatchObject({ code: 'UCR01', message: expect.stringContaining('restored') });
  await expect(
    world.pool.query('insert into ledger select connection_id, 2000, counts from ledger'),
  ).rejects.toMatchObject({ code: 'UCR01' });
  expect(await world.counts(devi)).toEqual([{ date: '2027-02-28', count: 1 }]);
  await inTransaction(world.pool, (tx) => liftHold(tx, id, by, {}));
  expect(await write(2)).toBe(1);
});

test('what is deleted is deleted while it is held', async () => {
  await write(1);
  await holdDatabase(world.pool, by);
  await world.pool.query('delete from ledger where connection_id = $1', [devi]);
  expect(await world.counts(devi)).toEqual([]);
});

test('a write that is under way ends first; one that comes after the hold writes nothing', async () => {
  const year = 'insert into ledger values ($1, 2000, array_fill(1, array[366]))';
  const under = await held(world.pool, (tx) => tx.query(year, [devi]));
  const holding = holdDatabase(world.as('holder'), by);
  await waits(world.pool, 'holder');
  const writing = write(5, world.as('writer'));
  writing.catch(() => undefined);
  await waits(world.pool, 'writer');
  await under.commit();
  await holding;
  await expect(writing).rejects.toMatchObject({ code: 'UCR01' });
  expect(await world.counts(devi)).toHaveLength(366);
});

test('held twice it is held once, with one record, and every number begins far above the backup’s', async () => {
  const before = await numbers();
  const first = await holdDatabase(world.pool, by);
  expect(await holdDatabase(world.pool, { ...by, actor: 'another' })).toEqual(first);
  const after = await numbers();
  for (const [name, value] of Object.entries(before)) expect(after[name]! - value).toBeGreaterThan(900_000_000);
  for (const [name, value] of Object.entries(before)) expect(after[name]! - value).toBeLessThan(1_900_000_000);
  const { rows } = await world.pool.query(`select action, actor from audit where subject_kind = 'restore'`);
  expect(rows).toEqual([{ action: 'restore.held', actor: 'cli' }]);
});

async function numbers(): Promise<Record<string, number>> {
  const { rows } = await world.pool.query<{ name: string; value: number }>(
    `select name, nextval(name::regclass) as value
     from unnest(array['projection_version', 'read_number', pg_get_serial_sequence('receipt', 'seq')]) as name`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
