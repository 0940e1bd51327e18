import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { plainSync } from '../../bench/sync/plain-sync.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { createWorld, type Developer, type World } from '../support/world.ts';

let world: World;
let devi: Developer;
let emil: Developer;

beforeAll(async () => {
  world = await createWorld();
  await world.switchOn();
  [devi, emil] = await Promise.all([world.sending('devi'), world.sending('emil')]);
});
afterAll(async () => {
  await world.close();
});

const sync = () => plainSync({ ...world, buckets: 2, pageSize: 1, concurrency: 2 }, world.instanceId);

async function source(key: string) {
  const { from, to } = windowAt(await world.now());
  return world.peer.contributions.between(key, from, to);
}

test('the plain script that the product is measured against sets each day to what the source says', async () => {
  const [up, down] = (await devi.counts()).map((day) => day.date);
  world.peer.contributions.set('devi', up!, 99);
  world.peer.contributions.set('devi', down!, 0);
  await world.pool.query('delete from ledger where connection_id = $1', [emil.id]);
  await sync();
  expect(await devi.counts()).toEqual(await source('devi'));
  expect(await emil.counts()).toEqual(await source('emil'));
});

test('it keeps the fences: who opts out while their counts are read has none afterwards', async () => {
  world.peer.contributions.set('devi', addDays(utcDay(Date.now()), -1), 77);
  const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
  const passing = sync();
  await hold.waiting();
  await devi.optOut();
  await devi.until('restorable');
  hold.release();
  await passing;
  expect(await devi.counts()).toEqual([]);
});
