import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRead, writePage, writeRead, type PageKey } from '../../src/db/count-writes.ts';
import { keptCounts, openPage } from '../../src/db/sync-pages.ts';
import { beginInstanceRun, beginRun } from '../../src/db/sync-runs.ts';
import { windowAt } from '../../src/domain/window.ts';
import { AT, createDbWorld, says, type DbWorld } from './db-world.ts';
import { held, holdLedger, waits } from './held.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const GENERATION = 2;

/** Asks who has an open read, as a page does once it has read the source, and writes what it read. */
async function pageWrites({ page, readNumber }: { page: PageKey; readNumber: number }, count: number) {
  const { openReads } = await keptCounts(world.pool, [devi], windowAt(AT));
  const write = { message: says(devi, GENERATION, readNumber, count), openRead: openReads.has(devi) };
  return writePage(world.pool, page, readNumber, [write]);
}

const update = () => openRead(world.pool, devi, GENERATION);
const updateWrites = (read: Awaited<ReturnType<typeof update>>, count: number) =>
  writeRead(world.pool, read, says(devi, GENERATION, read.readNumber, count), AT);
const kept = async () => (await world.counts(devi)).map((day) => day.count);

describe('an older read that comes later', () => {
  test('a page that began before an update now leaves what the update wrote', async () => {
    const page = await world.openPage();
    const read = await update();
    expect(await updateWrites(read, 9)).toBe('written');
    expect(await pageWrites(page, 3)).toBe(0);
    expect(await kept()).toEqual([9]);
  });

  test('a page that began before an update now writes nothing while that update is still under way', async () => {
    const page = await world.openPage();
    const read = await update();
    expect(await pageWrites(page, 3)).toBe(0);
    expect(await updateWrites(read, 9)).toBe('written');
    expect(await kept()).toEqual([9]);
  });

  test('an update now that a page overtook writes nothing', async () => {
    const read = await update();
    const page = await world.openPage();
    expect(await pageWrites(page, 9)).toBe(1);
    expect(await updateWrites(read, 3)).toBe('superseded');
    expect(await kept()).toEqual([9]);
  });

  test('of two updates now the one that began later stands', async () => {
    const [first, second] = [await update(), await update()];
    expect(await updateWrites(second, 9)).toBe('written');
    expect(await updateWrites(first, 3)).toBe('superseded');
    expect(await kept()).toEqual([9]);
  });

  test('an attempt of a page that wakes up after the next attempt writes nothing', async () => {
    const first = await world.openPage();
    const second = { page: first.page, readNumber: (await openPage(world.pool, first.page, AT))! };
    expect(await pageWrites(first, 3)).toBe(0);
    expect(await pageWrites(second, 9)).toBe(1);
    expect(await pageWrites(first, 3)).toBe(0);
    expect(await kept()).toEqual([9]);
  });

  test('a page of an earlier run writes nothing and cannot be opened again', async () => {
    const earlier = await world.openPage();
    await world.pool.query(`update sync_instance_run set started_at = started_at - interval '1 hour'`);
    const later = await world.openPage();
    expect(await pageWrites(earlier, 3)).toBe(0);
    expect(await openPage(world.pool, earlier.page, AT)).toBeUndefined();
    expect(await pageWrites(later, 9)).toBe(1);
  });
});

describe('two that meet', () => {
  test('a later run waits for a page that is writing, and shuts it for all that it has still to write', async () => {
    const page = await world.openPage();
    const ledger = await holdLedger(world.pool);
    const message = says(devi, GENERATION, page.readNumber, 3);
    const writing = writePage(world.as('page'), page.page, page.readNumber, [{ message, openRead: false }]);
    await waits(world.pool, 'page');
    const runId = randomUUID();
    await beginRun(world.pool, { runId, scheduledAt: AT, startedAt: AT, trigger: 'test' });
    const begun = beginInstanceRun(world.as('run'), runId, world.instanceId, AT);
    await waits(world.pool, 'run');
    await ledger.commit();
    expect(await writing).toBe(1);
    await begun;
    expect(await pageWrites(page, 4)).toBe(0);
  });

  test('a read that waits for its row takes its number after the wait', async () => {
    const page = await world.openPage();
    const storing = await held(world.pool, async (tx) => {
      await tx.query('select 1 from connection where id = $1 for no key update', [devi]);
      return tx;
    });
    const opened = openRead(world.as('read'), devi, GENERATION);
    await waits(world.pool, 'read');
    const later = (await openPage(world.pool, page.page, AT))!;
    await storing.value.query('update connection set read_number = $2 where id = $1', [devi, later]);
    await storing.commit();
    expect((await opened).readNumber).toBeGreaterThan(later);
  });

  test('a read that died is met once: the next page has nothing to say about it', async () => {
    await update();
    expect(await pageWrites(await world.openPage(), 9)).toBe(1);
    expect((await keptCounts(world.pool, [devi], windowAt(AT))).openReads.size).toBe(0);
  });
});

test('a read of its own that ends while a page compares is seen as open, or what it wrote is seen', async () => {
  const compare = () => keptCounts(world.as('page'), [devi], windowAt(AT));
  const before = (await keptCounts(world.pool, [devi], windowAt(AT))).digests.get(devi);
  const locked = await held(world.pool, (tx) => tx.query('lock table connection in access exclusive mode'));
  const comparing = compare();
  await waits(world.pool, 'page');
  await world.pool.query(
    `insert into ledger (connection_id, year, counts)
     values ($1, 2027, ledger_set(null, array[1], array_fill(9, array[366])))`,
    [devi],
  );
  await locked.commit();
  expect((await comparing).digests.get(devi)).not.toBe(before);
});
