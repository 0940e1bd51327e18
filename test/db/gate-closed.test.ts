import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRead, writePage, writeRead } from '../../src/db/count-writes.ts';
import { addMs } from '../../src/domain/dates.ts';
import { loadConnection } from '../../src/db/connections.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { recordFailures } from '../../src/db/read-answers.ts';
import { readPage } from '../../src/db/sync-pages.ts';
import { turnOffBatch } from '../../src/db/turning-off.ts';
import { AT, createDbWorld, says, WINDOW_MS, type DbWorld } from './db-world.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const GENERATION = 2;
const refusal = (act: Promise<unknown>) =>
  act.then(
    () => 'none',
    (error: { code: string }) => error.code,
  );

async function pageWrites(): Promise<number> {
  const { page, readNumber } = await world.openPage();
  return writePage(world.pool, page, readNumber, [{ message: says(devi, GENERATION, readNumber, 7), openRead: false }]);
}

async function readWrites(): Promise<string> {
  const read = await openRead(world.pool, devi, GENERATION);
  return writeRead(world.pool, read, says(devi, GENERATION, read.readNumber, 7), AT);
}

const LOOK = { type: 'look', connected: false, at: AT } as const;
const CLOSED: Record<string, { code: string; close: () => Promise<unknown> }> = {
  'paused, without GitHub Connect': { code: 'sharing_paused', close: () => world.sharing(LOOK) },
  'being turned off': { code: 'turning_off', close: () => world.switchSide('instance', false) },
  off: {
    code: 'sharing_off',
    async close() {
      await world.switchSide('instance', false);
      await world.sharing({ type: 'verified' });
    },
  },
  'not available any more': {
    code: 'sharing_off',
    async close() {
      await world.sharing({ type: 'revoke' });
      await world.sharing({ type: 'verified' });
    },
  },
};

describe.each(Object.entries(CLOSED))('while sharing is %s', (_, { code, close }) => {
  beforeEach(close);

  test('neither a page nor a read of one’s own writes anything, and no page finds anybody', async () => {
    expect(await pageWrites()).toBe(0);
    expect(await readWrites()).toBe('stale');
    expect(await world.counts(devi)).toEqual([]);
    expect(await readPage(world.pool, world.instanceId, LOWEST, HIGHEST, 10)).toEqual([]);
  });

  test('nobody connects, starts to send or comes back', async () => {
    expect(await refusal(world.connect())).toBe(code);
    expect(await refusal(world.step(devi, { type: 'send', consentVersion: '2' }))).toBe(code);
    await world.pool.query(`update connection set status = 'restorable' where id = $1`, [devi]);
    expect(await refusal(world.step(devi, { type: 'reconnect' }))).toBe(code);
    expect((await world.pool.query('select 1 from connection')).rowCount).toBe(1);
  });

  test.each(['opt_out', 'forget'] as const)('%s is taken all the same', async (kind) => {
    await world.remove(kind, devi);
    expect((await world.pool.query('select kind from intent where subject_id = $1', [devi])).rows).toEqual([{ kind }]);
  });
});

const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

describe('on again after off', () => {
  beforeEach(async () => {
    await world.switchSide('instance', false);
    await turnOffBatch(world.pool, world.instanceId, 1, 10, WINDOW_MS);
    await world.sharing({ type: 'verified' });
    await world.switchSide('instance', true);
  });

  test('nothing flows by itself', async () => {
    expect(await pageWrites()).toBe(0);
    expect(await readPage(world.pool, world.instanceId, LOWEST, HIGHEST, 10)).toEqual([]);
    expect(await loadConnection(world.pool, devi)).toMatchObject({ switchedOff: true });
  });

  test('it flows again for whoever comes back, and for nobody else', async () => {
    await world.step(devi, { type: 'switched_off' });
    await world.step(devi, { type: 'reconnect' });
    const row = await loadConnection(world.pool, devi);
    expect(row).toMatchObject({ switchedOff: false, restoreUntil: null });
    const { page, readNumber } = await world.openPage();
    const write = { message: says(devi, row!.generation, readNumber, 7), openRead: false };
    expect(await writePage(world.pool, page, readNumber, [write])).toBe(1);
  });
});

test('nothing is written of whoever has not ticked, or ticked before sharing was last turned off', async () => {
  await world.switchSide('instance', false);
  await world.sharing({ type: 'verified' });
  await world.switchSide('instance', true);
  expect(await pageWrites()).toBe(0);
  devi = await world.connect();
  const { page, readNumber } = await world.openPage();
  const write = { message: says(devi, 1, readNumber, 7), openRead: false };
  expect(await writePage(world.pool, page, readNumber, [write])).toBe(0);
});

test('what is paused flows by itself when GitHub Connect is back', async () => {
  await world.sharing(LOOK);
  expect(await pageWrites()).toBe(0);
  await world.sharing({ ...LOOK, connected: true, at: addMs(AT, 3_600_000) });
  expect(await pageWrites()).toBe(1);
});

test('a cause that was seen stops what was read before it, and a later read that succeeds lifts it', async () => {
  const emil = await world.sending();
  const { page, readNumber } = await world.openPage();
  const before = [devi, emil].map((id) => ({ message: says(id, GENERATION, readNumber, 7), openRead: false }));
  const read = await openRead(world.pool, devi, GENERATION);
  const failed = { connectionId: devi, generation: GENERATION, failure: 'user_suspended' } as const;
  await inTransaction(world.pool, (tx) => recordFailures(tx, read.readNumber, [failed], AT));
  expect(await writePage(world.pool, page, readNumber, before)).toBe(1);
  expect([await world.counts(devi), await world.counts(emil)]).toMatchObject([[], [{ count: 7 }]]);
  expect(await pageWrites()).toBe(1);
  expect((await world.pool.query('select 1 from sighting')).rowCount).toBe(0);
});
