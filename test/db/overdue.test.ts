import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { undeliveredIntents } from '../../src/db/intents.ts';
import { takeOverdue, takeStuck } from '../../src/db/overdue.ts';
import { addMs } from '../../src/domain/dates.ts';
import { AT, createDbWorld, type DbWorld } from './db-world.ts';

const MINUTE_MS = 60_000;
const later = (minutes: number) => addMs(AT, minutes * MINUTE_MS);

let world: DbWorld;
let devi: string;
let emil: string;
beforeEach(async () => {
  world = await createDbWorld();
  [devi, emil] = [await world.sending(), await world.sending()];
});
afterEach(() => world.close());

const set = (id: string, what: string, value: unknown) =>
  world.pool.query(`update connection set ${what} = $2 where id = $1`, [id, value]);

describe('a connection whose end is overdue', () => {
  const overdue = (asOf: string, limit = 100) => takeOverdue(world.pool, asOf, limit);

  test('is taken 10 minutes after its window, and again only 10 minutes later', async () => {
    await set(devi, 'restore_until', AT);
    expect(await overdue(later(10))).toEqual([]);
    expect(await overdue(addMs(later(10), 1))).toEqual([devi]);
    expect(await overdue(later(20))).toEqual([]);
    expect(await overdue(later(21))).toEqual([devi]);
  });

  test('is taken at once where its link is erased and its workflow has not said so', async () => {
    await set(devi, 'erased_at', AT);
    expect(await overdue(AT)).toEqual([devi]);
    expect(await overdue(AT)).toEqual([]);
    await set(devi, 'status', 'ended');
    expect(await overdue(later(60))).toEqual([]);
  });

  test('keeps no other from its turn', async () => {
    await set(devi, 'restore_until', AT);
    await set(emil, 'restore_until', later(1));
    expect([await overdue(later(30), 1), await overdue(later(30), 1)]).toEqual([[devi], [emil]]);
  });
});

describe('a connection in the midst of a removal or a restore', () => {
  const stuck = (asOf: string) => takeStuck(world.pool, asOf, 100);
  const notMovedFor = (minutes: number) =>
    world.pool.query(`update connection set recorded_at = recorded_at - make_interval(mins => $1)`, [minutes]);

  test('is taken when it has not moved for 10 minutes, and again only 10 minutes later', async () => {
    await notMovedFor(60);
    await world.step(devi, { type: 'opt_out' });
    expect(await stuck(AT)).toEqual([]);
    await notMovedFor(11);
    expect(await stuck(AT)).toEqual([devi]);
    expect(await stuck(later(9))).toEqual([]);
    expect(await stuck(later(11))).toEqual([devi]);
    await world.step(devi, { type: 'removed' });
    await notMovedFor(60);
    expect(await stuck(later(30))).toEqual([]);
    await world.step(devi, { type: 'reconnect' });
    await notMovedFor(11);
    expect(await stuck(later(60))).toEqual([devi]);
  });
});

test('accepted acts that were never delivered come before those that are delivered again', async () => {
  await world.remove('opt_out', devi, 'first');
  await world.remove('opt_out', emil, 'second');
  await world.pool.query(
    `update intent set delivered_at = now() - interval '1 hour', asked_at = asked_at - interval '1 day'
     where operation_id = 'first'`,
  );
  const order = async () => (await undeliveredIntents(world.pool, 10)).map((intent) => intent.operationId);
  expect(await order()).toEqual(['second', 'first']);
});
