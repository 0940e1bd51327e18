import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lapseConnection } from '../../src/db/connection-steps.ts';
import { loadConnection } from '../../src/db/connections.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { finishPage } from '../../src/db/sync-pages.ts';
import { eraseCohortBatch, markErased, turnOffBatch } from '../../src/db/turning-off.ts';
import { addMs } from '../../src/domain/dates.ts';
import { AT, createDbWorld, removeIn, WINDOW_MS, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const END = addMs(AT, WINDOW_MS);
const lapse = (at: string) => inTransaction(world.pool, (tx) => lapseConnection(tx, devi, at));
const linked = async (id = devi) =>
  (await world.pool.query('select 1 from connection_person where connection_id = $1', [id])).rowCount === 1;

async function optedOut(): Promise<void> {
  await world.remove('opt_out', devi);
  await world.pool.query('update intent set done_at = asked_at');
  for (const type of ['opt_out', 'removed'] as const) await world.step(devi, { type });
}

describe('the end of the 90 days', () => {
  test('erases the link at its very moment, not before, and records it in the same transaction', async () => {
    await optedOut();
    expect(await lapse(addMs(END, -1))).toBe(false);
    expect(await linked()).toBe(true);
    expect(await lapse(END)).toBe(true);
    expect(await linked()).toBe(false);
    const { rows } = await world.pool.query(
      `select a.action, c.status, c.version = a.version as projected, a.xmin = c.xmin as together
       from audit a join connection c on c.id = a.subject_id where c.id = $1 order by a.id desc limit 1`,
      [devi],
    );
    expect(rows).toEqual([{ action: 'connection.lapsed', status: 'ended', projected: true, together: true }]);
    expect(await lapse(END)).toBe(false);
  });

  test('erases nothing where a reconnect was accepted first', async () => {
    await optedOut();
    await world.step(devi, { type: 'reconnect' });
    expect(await lapse(END)).toBe(false);
    expect(await linked()).toBe(true);
  });

  test('is not put off by a second removal: the clock of the first one goes on', async () => {
    await optedOut();
    const later = addMs(AT, 86_400_000);
    await inTransaction(world.pool, (tx) => removeIn(tx, 'forget', devi, 'later', later));
    expect(await loadConnection(world.pool, devi)).toMatchObject({ restoreUntil: END });
  });

  test('comes to a reconnect that is too late as a refusal', async () => {
    await optedOut();
    await expect(world.step(devi, { type: 'reconnect' }, END)).rejects.toMatchObject({ code: 'window_lapsed' });
  });
});

describe('a cohort', () => {
  const erase = (at: string) => eraseCohortBatch(world.pool, world.instanceId, 1, at, 10);

  test('is whoever was live when sharing was turned off; whoever came back is not erased with it', async () => {
    const [emil, farah] = [await world.sending(), await world.connect()];
    await optedOut();
    await world.pool.query(`update connection set restore_until = restore_until + interval '1 day' where id = $1`, [
      devi,
    ]);
    await world.switchSide('instance', false);
    await turnOffBatch(world.pool, world.instanceId, 1, 10, WINDOW_MS);
    await world.sharing({ type: 'verified' });
    await world.switchSide('instance', true);
    for (const type of ['switched_off', 'reconnect'] as const) await world.step(emil, { type });
    expect(await erase(addMs(END, -1))).toEqual([]);
    expect(await erase(END)).toEqual([farah]);
    expect(await Promise.all([linked(devi), linked(emil), linked(farah)])).toEqual([true, true, false]);
    await inTransaction(world.pool, (tx) => markErased(tx, world.instanceId, 1, END));
    const { rows } = await world.pool.query(`select detail from audit where action = 'sharing.cohort_erased'`);
    expect(rows).toEqual([{ detail: { generation: 1, erased: 1 } }]);
  });

  test('a reconnect that is under way is waited for, and keeps its link', async () => {
    await world.switchSide('instance', false);
    await turnOffBatch(world.pool, world.instanceId, 1, 10, WINDOW_MS);
    const back = await held(world.pool, (tx) =>
      tx.query('update connection set restore_until = null, cohort_generation = null where id = $1', [devi]),
    );
    const erased = eraseCohortBatch(world.as('eraser'), world.instanceId, 1, END, 10);
    await waits(world.pool, 'eraser');
    await back.commit();
    expect(await erased).toEqual([]);
    expect(await linked()).toBe(true);
  });
});

test('a page that fails for somebody who is forgotten at that moment leaves nothing about them', async () => {
  const { page, readNumber } = await world.openPage();
  const forget = await held(world.pool, (tx) => removeIn(tx, 'forget', devi));
  const failures = [{ connectionId: devi, generation: 2, failure: 'user_suspended' as const }];
  const result = { toId: devi, connections: 1, changed: 0, failures, at: AT };
  const finished = finishPage(world.as('page'), page, readNumber, result);
  await waits(world.pool, 'page');
  await forget.commit();
  await finished;
  expect((await world.pool.query('select 1 from sync_failure')).rows).toEqual([]);
  expect((await world.pool.query('select 1 from sighting')).rows).toEqual([]);
});
