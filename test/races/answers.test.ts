import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadConnection } from '../../src/db/connections.ts';
import { openRead, recordRecoveries, writePage, writeRead, type OpenRead } from '../../src/db/count-writes.ts';
import { inTransaction, type Client } from '../../src/db/pool.ts';
import { recordFailures } from '../../src/db/read-answers.ts';
import { dismiss } from '../../src/db/sightings.ts';
import { finishPage, keptCounts, openPage } from '../../src/db/sync-pages.ts';
import { windowAt } from '../../src/domain/window.ts';
import { AT, createDbWorld, says, stepIn, type DbWorld } from '../db/db-world.ts';
import { held, waits } from '../db/held.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const GENERATION = 2;
type Page = Awaited<ReturnType<DbWorld['openPage']>>;

const failure = () => ({ connectionId: devi, generation: GENERATION, failure: 'token_revoked' }) as const;
const pageFails = ({ page, readNumber }: Page) =>
  finishPage(world.pool, page, readNumber, { toId: devi, connections: 1, failures: [failure()], at: AT });
/** A page whose read succeeded stores what it read, as its activity does. */
async function pageSucceeds({ page, readNumber }: Page): Promise<number> {
  await recordRecoveries(world.pool, page, readNumber, [devi]);
  const { openReads } = await keptCounts(world.pool, [devi], windowAt(AT));
  const write = { message: says(devi, GENERATION, readNumber, 7), openRead: openReads.has(devi) };
  return writePage(world.pool, page, readNumber, [write]);
}
const update = () => openRead(world.pool, devi, GENERATION);
const updateFails = (read: OpenRead) =>
  inTransaction(world.pool, (tx) => recordFailures(tx, read.readNumber, [failure()], AT));
const updateSucceeds = (read: OpenRead) => writeRead(world.pool, read, says(devi, GENERATION, read.readNumber, 9), AT);

/** What stands against the developer, and the count that is kept. */
async function stands(): Promise<{ failed: boolean; seen: boolean; count: number | undefined }> {
  const [failed, seen] = await Promise.all(
    ['sync_failure', 'sighting'].map((table) => world.pool.query(`select 1 from ${table}`)),
  );
  const [day] = await world.counts(devi);
  return { failed: failed!.rowCount === 1, seen: seen!.rowCount === 1, count: day?.count };
}

describe('two reads of the same developer, of which one fails', () => {
  test('an update now that fails after a later page has succeeded says nothing any more', async () => {
    const read = await update();
    expect(await pageSucceeds(await world.openPage())).toBe(1);
    await updateFails(read);
    expect(await stands()).toEqual({ failed: false, seen: false, count: 7 });
  });

  test('a page that succeeds after an earlier update now has failed lifts that, and writes', async () => {
    const read = await update();
    const page = await world.openPage();
    await updateFails(read);
    expect(await pageSucceeds(page)).toBe(1);
    expect(await stands()).toEqual({ failed: false, seen: false, count: 7 });
  });

  test('an update now that succeeds after a later page has failed lifts nothing, and writes nothing', async () => {
    const read = await update();
    await pageFails(await world.openPage());
    expect(await updateSucceeds(read)).toBe('superseded');
    expect(await stands()).toEqual({ failed: true, seen: true, count: undefined });
  });

  test('a page that fails after an earlier update now has succeeded is booked', async () => {
    const read = await update();
    const page = await world.openPage();
    expect(await updateSucceeds(read)).toBe('written');
    await pageFails(page);
    expect(await stands()).toEqual({ failed: true, seen: true, count: 9 });
  });

  test('a page that succeeds after a later update now has failed lifts nothing, and writes nothing', async () => {
    const page = await world.openPage();
    await updateFails(await update());
    expect(await pageSucceeds(page)).toBe(0);
    expect(await stands()).toEqual({ failed: true, seen: true, count: undefined });
  });

  test('a page that fails after a later update now has succeeded says nothing any more', async () => {
    const page = await world.openPage();
    expect(await updateSucceeds(await update())).toBe('written');
    await pageFails(page);
    expect(await stands()).toEqual({ failed: false, seen: false, count: 9 });
  });

  test('an attempt of a page that wakes up after the next one has failed lifts nothing', async () => {
    const first = await world.openPage();
    await pageFails({ page: first.page, readNumber: (await openPage(world.pool, first.page, AT))! });
    expect(await pageSucceeds(first)).toBe(0);
    expect(await stands()).toMatchObject({ failed: true, seen: true });
  });

  test('a page that meets a failing update waits for it, lifts what it booked, and writes', async () => {
    const read = await update();
    const page = await world.openPage();
    const failing = await held(world.pool, (tx) => recordFailures(tx, read.readNumber, [failure()], AT));
    const write = { message: says(devi, GENERATION, page.readNumber, 7), openRead: true };
    const written = writePage(world.as('page'), page.page, page.readNumber, [write]);
    await waits(world.pool, 'page');
    await failing.commit();
    expect(await written).toBe(1);
    expect(await stands()).toEqual({ failed: false, seen: false, count: 7 });
  });
});

describe('a read that was begun before its developer left and came back, and fails', () => {
  async function comesBack(): Promise<void> {
    await world.remove('opt_out', devi);
    await world.pool.query('update intent set done_at = asked_at');
    for (const type of ['opt_out', 'removed', 'reconnect', 'restored'] as const) await world.step(devi, { type });
  }

  test('an update now books nothing in the new life', async () => {
    const read = await update();
    await comesBack();
    await updateFails(read);
    expect(await stands()).toMatchObject({ failed: false, seen: false });
  });

  test('a page books nothing in the new life', async () => {
    const page = await world.openPage();
    await comesBack();
    await pageFails(page);
    expect(await stands()).toMatchObject({ failed: false, seen: false });
  });

  test('before they leave it is booked, and coming back lifts it', async () => {
    await pageFails(await world.openPage());
    expect(await stands()).toMatchObject({ seen: true });
    await comesBack();
    expect(await stands()).toMatchObject({ seen: false });
  });
});

describe('an observed cause at the end of its grace', () => {
  beforeEach(async () => {
    await world.outlives(devi, 'token_lost');
  });

  /** The workflow’s step, decided by what it saw before. */
  const removal = (tx: Client) => stepIn(tx, devi, { type: 'observe', cause: 'token_lost' });
  const remove = () => inTransaction(world.as('workflow'), removal);
  const status = async () => (await loadConnection(world.pool, devi))!.state.status;

  test('when a read lifts it first, the removal waits for that and does not happen', async () => {
    const page = await world.openPage();
    const lifting = await held(world.pool, async (tx) => {
      await tx.query('select 1 from connection where id = $1 for share', [devi]);
      await tx.query('delete from sighting');
    });
    const removed = remove();
    await waits(world.pool, 'workflow');
    await lifting.commit();
    await expect(removed).rejects.toMatchObject({ code: 'fence_moved' });
    expect(await status()).toBe('sending');
    expect(await pageSucceeds(page)).toBe(1);
  });

  test('when the removal is first, the read waits for it, writes nothing and brings nothing back', async () => {
    const page = await world.openPage();
    const removed = await held(world.pool, removal);
    const write = { message: says(devi, GENERATION, page.readNumber, 7), openRead: false };
    const written = writePage(world.as('page'), page.page, page.readNumber, [write]);
    await waits(world.pool, 'page');
    await removed.commit();
    expect(await written).toBe(0);
    expect(await status()).toBe('removing');
  });

  test('when it is found to be the instance’s fault first, the removal waits for that and does not happen', async () => {
    const dismissed = await held(world.pool, (tx) => dismiss(tx, world.instanceId, AT, AT));
    const removed = remove();
    await waits(world.pool, 'workflow');
    await dismissed.commit();
    await expect(removed).rejects.toMatchObject({ code: 'fence_moved' });
    expect(await status()).toBe('sending');
  });

  test('when a run that is under way has seen it again, the removal waits for what that run says', async () => {
    await world.fails(devi, 'token_revoked');
    await expect(remove()).rejects.toMatchObject({ code: 'fence_moved' });
    expect(await status()).toBe('sending');
  });
});
