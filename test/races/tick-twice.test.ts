import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { held, waits } from '../db/held.ts';
import { createWorld, eventually, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.switchOn();
});
afterAll(() => world.close());

const actions = async (id: string) =>
  (
    await world.pool.query<{ action: string }>('select action from audit where subject_id = $1 order by id', [id])
  ).rows.map(({ action }) => action.replace('connection.', ''));
const rowLocked = (id: string) =>
  held(world.pool, (tx) => tx.query('select 1 from connection where id = $1 for update', [id]));

test('"send my contribution counts", ticked in two tabs at once, is one tick, and both are told that it sends', async () => {
  const devi = await world.connect('devi');
  await devi.until('connected');
  const row = await rowLocked(devi.id);
  const first = devi.send();
  await waits(world.pool, 'test');
  const second = devi.send();
  await row.commit();
  expect(await Promise.all([first, second])).toEqual([await first, await first]);
  expect(await first).toMatchObject({ status: 'sending' });
  expect(await actions(devi.id)).toEqual(['created', 'established', 'sending_started']);
});

test('coming back in two tabs at once is one return, and the other tab is told that there is nothing to come back from', async () => {
  const emil = await world.sending('emil');
  await emil.optOut();
  await emil.until('restorable');
  const row = await rowLocked(emil.id);
  const first = emil.reconnect();
  await waits(world.pool, 'test');
  const second = emil.reconnect().catch((error: Error & { cause: { type: string } }) => error.cause.type);
  await row.commit();
  expect(await first).toMatchObject({ status: 'restoring' });
  expect(await second).toBe('wrong_state');
  await emil.until('sending');
  await eventually(async () => (await emil.counts()).length > 0, 'the restored counts');
  expect((await actions(emil.id)).filter((action) => action === 'reconnected')).toHaveLength(1);
});
