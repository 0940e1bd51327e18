import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openRead, writePage, writeRead } from '../../src/db/count-writes.ts';
import type { Client } from '../../src/db/pool.ts';
import { ledger as profileSide } from '../../src/db/ledger.ts';
import { countsLeft, removeCounts } from '../../src/db/removals.ts';
import { turnOffBatch, verifyBatch } from '../../src/db/turning-off.ts';
import { AT, createDbWorld, moveIn, removeIn, says, sharingIn, WINDOW_MS, type DbWorld } from './db-world.ts';
import { held, holdLedger, waits } from './held.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

/** That of a connection that has ticked once. */
const GENERATION = 2;

/** Whatever has read the source and begins to write it. @returns how it begins, and then whether it wrote */
const WRITERS: Record<string, () => Promise<() => Promise<boolean>>> = {
  async page() {
    const { page, readNumber } = await world.openPage();
    const writes = [{ message: says(devi, GENERATION, readNumber, 7), openRead: false }];
    return async () => (await writePage(world.as('writer'), page, readNumber, writes)) === 1;
  },
  async 'page that met an open read'() {
    const { page, readNumber } = await world.openPage();
    const writes = [{ message: says(devi, GENERATION, readNumber, 7), openRead: true }];
    return async () => (await writePage(world.as('writer'), page, readNumber, writes)) === 1;
  },
  async 'update now'() {
    const read = await openRead(world.pool, devi, GENERATION);
    const message = says(devi, GENERATION, read.readNumber, 7);
    return async () => (await writeRead(world.as('writer'), read, message, AT)) === 'written';
  },
};

interface Removal {
  accept: (tx: Client) => Promise<number>;
  remove: (generation: number) => Promise<number>;
}

/** Whatever ends sending: how it is accepted, and the deletion that follows. @returns the number deleted */
const REMOVALS: Record<string, Removal> = {
  'opt-out': { accept: (tx) => removal(tx, 'opt_out'), remove: removeOne },
  forget: { accept: (tx) => removal(tx, 'forget'), remove: removeOne },
  move: { accept: (tx) => moveIn(tx, devi), remove: removeOne },
  disable: { accept: (tx) => turnOff(tx, { type: 'switch', side: 'account', on: false }), remove: removeAll },
  revoke: { accept: (tx) => turnOff(tx, { type: 'revoke' }), remove: removeAll },
};

const removal = async (tx: Client, kind: 'opt_out' | 'forget') => (await removeIn(tx, kind, devi)).generation;
const turnOff = async (tx: Client, command: Parameters<typeof sharingIn>[2]) =>
  (await sharingIn(tx, world.instanceId, command)).sharing.generation;

async function removeOne(generation: number): Promise<number> {
  const { items } = await removeCounts(world.pool, devi, generation);
  expect(await countsLeft(world.pool, [devi])).toBe(0);
  return items;
}

async function removeAll(generation: number): Promise<number> {
  await turnOffBatch(world.pool, world.instanceId, generation, 10, WINDOW_MS);
  expect(await verifyBatch(world.pool, world.instanceId, generation, null, 10)).toEqual({ last: null, left: 0 });
  const { rows } = await world.pool.query<{ items_deleted: number }>('select items_deleted from turning_off');
  return rows[0]!.items_deleted;
}

test('a deletion that wakes up late, when its developer has come back, deletes nothing', async () => {
  const { generation } = await world.remove('opt_out', devi);
  for (const type of ['opt_out', 'removed'] as const) await world.step(devi, { type });
  await world.pool.query('update intent set done_at = asked_at');
  await world.step(devi, { type: 'reconnect' });
  await profileSide.put(world.pool, [says(devi, GENERATION, 1, 7)]);
  await expect(removeCounts(world.pool, devi, generation)).rejects.toMatchObject({ code: 'fence_moved' });
  expect(await countsLeft(world.pool, [devi])).toBe(1);
});

const pairs = Object.keys(WRITERS).flatMap((writer) => Object.keys(REMOVALS).map((one) => [writer, one] as const));

describe.each(pairs)('the %s and the %s', (writer, remover) => {
  const { accept, remove } = REMOVALS[remover]!;

  test('when the write is first, the removal waits for it and deletes what it wrote', async () => {
    const write = await WRITERS[writer]!();
    const ledger = await holdLedger(world.pool);
    const written = write();
    await waits(world.pool, 'writer');
    const accepted = held(world.as('removal'), accept);
    await waits(world.pool, 'removal');
    await ledger.commit();
    expect(await written).toBe(true);
    const { value: generation, commit } = await accepted;
    await commit();
    expect(await world.counts(devi)).toHaveLength(1);
    expect(await remove(generation)).toBe(1);
  });

  test('when the removal is first, the write waits for it and writes nothing, then or later', async () => {
    const write = await WRITERS[writer]!();
    const { value: generation, commit } = await held(world.pool, accept);
    const written = write();
    await waits(world.pool, 'writer');
    await commit();
    expect(await written).toBe(false);
    expect(await remove(generation)).toBe(0);
    expect(await write()).toBe(false);
    expect(await world.counts(devi)).toEqual([]);
  });
});

test('a page that slept through an opt-out and a reconnect writes nothing', async () => {
  const { page, readNumber } = await world.openPage();
  await world.remove('opt_out', devi);
  await world.pool.query('update intent set done_at = asked_at');
  for (const type of ['opt_out', 'removed', 'reconnect'] as const) await world.step(devi, { type });
  const late = [{ message: says(devi, GENERATION, readNumber, 7), openRead: false }];
  expect(await writePage(world.pool, page, readNumber, late)).toBe(0);
  const fresh = [{ message: says(devi, GENERATION + 2, readNumber, 7), openRead: false }];
  expect(await writePage(world.pool, page, readNumber, fresh)).toBe(1);
});

test('a gate waits for one transaction of a page, which holds 200 connections at the most, and the rest is refused', async () => {
  const { page, readNumber } = await world.openPage();
  const ids = (await Promise.all(Array.from({ length: 201 }, () => world.sending()))).toSorted();
  const writes = ids.map((id) => ({ message: says(id, GENERATION, readNumber, 7), openRead: false }));
  const ledger = await holdLedger(world.pool);
  const written = writePage(world.as('writer'), page, readNumber, writes);
  await waits(world.pool, 'writer');
  const gate = held(world.as('removal'), REMOVALS['disable']!.accept);
  await waits(world.pool, 'removal');
  await ledger.commit();
  await (await gate).commit();
  expect(await written).toBe(200);
});
