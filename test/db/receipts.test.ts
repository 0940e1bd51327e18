import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, integer, nat } from 'fast-check';
import { createActivities } from '../../src/activities/index.ts';
import * as db from '../../src/db/index.ts';
import { ledger } from '../../src/db/ledger.ts';
import { insertReceipt, receiptsOf, removeCounts } from '../../src/db/removals.ts';
import { loadTurningOff, turnOffBatch } from '../../src/db/turning-off.ts';
import { addDays } from '../../src/domain/dates.ts';
import { AT, createDbWorld, WINDOW_MS, type DbWorld } from './db-world.ts';

const VERIFIED = '2027-03-01T12:00:02.000Z';
const EXPIRE = '2027-03-01T12:05:02.000Z';

let database: DbWorld;
let activities: ReturnType<typeof createActivities>;
beforeAll(async () => {
  database = await createDbWorld();
  const settings = { publicCacheMs: 300_000, restoreWindowMs: WINDOW_MS };
  activities = createActivities({ pool: database.pool, db, settings } as never);
});
afterAll(() => database.close());

/** As many days with a count as asked for, over the end of a year. */
async function keeps(connectionId: string, days: number): Promise<void> {
  const counts = Array.from({ length: days }, (_, at) => ({ date: addDays('2026-11-01', at), count: 1 + at }));
  await ledger.put(database.pool, [
    { connectionId, generation: 1, readNumber: 1, source: 'GitHub Enterprise Server', days: counts },
  ]);
}

const verify = (connectionId: string, generation: number) =>
  activities.verifyConnectionRemoval({
    connectionId,
    generation,
    cause: 'opted_out',
    askedAt: AT,
    commit: null,
    asOf: VERIFIED,
  });

describe('the receipt of one connection', () => {
  test('says how many days were there, and none left, however often the deletion had to be run', async () => {
    await assert(
      asyncProperty(nat(200), integer({ min: 1, max: 3 }), async (days, runs) => {
        const id = await database.connect();
        await keeps(id, days);
        const { generation } = await database.remove('opt_out', id);
        for (let run = 0; run < runs; run += 1) {
          expect(await removeCounts(database.pool, id, generation)).toEqual({ items: days });
        }
        for (let run = 0; run < runs; run += 1)
          expect(await verify(id, generation)).toEqual({ left: 0, committed: null });
        expect(await receiptsOf(database.pool, id)).toEqual([
          {
            scope: 'connection',
            generation,
            cause: 'opted_out',
            askedAt: AT,
            verifiedAt: VERIFIED,
            itemsDeleted: days,
            itemsLeft: 0,
            publicCopiesExpireAt: EXPIRE,
          },
        ]);
      }),
      { seed: 20270301, numRuns: 15 },
    );
  });

  test('tells of what a removal had deleted that it overtook, and of nothing that was told before', async () => {
    const id = await database.connect();
    await keeps(id, 7);
    const first = await database.remove('opt_out', id);
    await removeCounts(database.pool, id, first.generation);
    const second = await database.remove('forget', id);
    await removeCounts(database.pool, id, second.generation);
    await verify(id, second.generation);
    expect(await receiptsOf(database.pool, id)).toMatchObject([{ generation: second.generation, itemsDeleted: 7 }]);

    const other = await database.connect();
    await keeps(other, 4);
    const told = await database.remove('opt_out', other);
    await removeCounts(database.pool, other, told.generation);
    await verify(other, told.generation);
    const later = await database.remove('forget', other);
    await removeCounts(database.pool, other, later.generation);
    await verify(other, later.generation);
    const items = (await receiptsOf(database.pool, other)).map(({ itemsDeleted }) => itemsDeleted);
    expect(items).toEqual([4, 0]);
  });

  test('is not written while a count can still be read back', async () => {
    const id = await database.connect();
    await keeps(id, 3);
    const { generation } = await database.remove('opt_out', id);
    expect(await verify(id, generation)).toEqual({ left: 3, committed: null });
    expect(await receiptsOf(database.pool, id)).toEqual([]);
  });

  test('is one for each removal, and is never changed', async () => {
    const id = await database.sending();
    for (const days of [4, 2]) {
      await keeps(id, days);
      const { generation } = await database.remove('opt_out', id);
      await removeCounts(database.pool, id, generation);
      await verify(id, generation);
      await database.pool.query('update intent set done_at = asked_at where subject_id = $1', [id]);
      for (const type of ['opt_out', 'removed', 'reconnect', 'restored'] as const) await database.step(id, { type });
    }
    const before = await receiptsOf(database.pool, id);
    expect(before.map((one) => one.itemsDeleted)).toEqual([4, 2]);
    const { generation, cause, askedAt, verifiedAt } = before[0]!;
    const other = { scope: 'connection', subjectId: id, generation, cause, askedAt, verifiedAt } as const;
    await insertReceipt(database.pool, { ...other, itemsDeleted: 99, publicCacheMs: 0 });
    expect(await receiptsOf(database.pool, id)).toEqual(before);
  });

  test('stays when the link is erased, and ties nobody to it', async () => {
    const id = await database.sending();
    await keeps(id, 5);
    const { generation } = await database.remove('forget', id);
    await removeCounts(database.pool, id, generation);
    await verify(id, generation);
    expect(await receiptsOf(database.pool, id)).toMatchObject([{ itemsDeleted: 5 }]);
    expect((await database.pool.query('select 1 from connection_person where connection_id = $1', [id])).rows).toEqual(
      [],
    );
  });
});

describe('the receipt of an instance', () => {
  test('says how many days were there of everybody; each connection’s own is derived from it', async () => {
    await assert(
      asyncProperty(
        array(nat(120), { minLength: 1, maxLength: 5 }),
        integer({ min: 1, max: 3 }),
        async (days, size) => {
          const world = await database.elsewhere();
          const ids = await Promise.all(days.map(() => world.sending()));
          for (const [at, id] of ids.entries()) await keeps(id, days[at]!);
          const forgotten = await world.sending();
          await world.remove('forget', forgotten);
          const { generation } = (await world.switchSide('account', false)).sharing;
          while (await turnOffBatch(world.pool, world.instanceId, generation, size, WINDOW_MS));
          const { itemsDeleted, cause } = (await loadTurningOff(world.pool, world.instanceId, generation))!;
          expect(itemsDeleted).toBe(days.reduce((sum, one) => sum + one, 0));
          const receipt = { scope: 'instance', subjectId: world.instanceId, generation, cause, askedAt: AT } as const;
          await insertReceipt(world.pool, { ...receipt, verifiedAt: VERIFIED, itemsDeleted, publicCacheMs: 300_000 });
          for (const id of ids)
            expect(await receiptsOf(world.pool, id)).toMatchObject([{ scope: 'instance', itemsDeleted }]);
        },
      ),
      { seed: 20270301, numRuns: 10 },
    );
  });

  test('is nobody’s who joined after it', async () => {
    const world = await database.elsewhere();
    const { generation } = (await world.switchSide('account', false)).sharing;
    const receipt = { scope: 'instance', subjectId: world.instanceId, generation, cause: 'x', askedAt: AT } as const;
    await insertReceipt(world.pool, { ...receipt, verifiedAt: VERIFIED, itemsDeleted: 0, publicCacheMs: 0 });
    await world.sharing({ type: 'verified' });
    await world.switchSide('account', true);
    expect(await receiptsOf(world.pool, await world.sending())).toEqual([]);
  });
});

test('no receipt can say that anything is left', async () => {
  const insert = `insert into receipt (id, scope, subject_id, generation, cause, asked_at, verified_at, items_deleted, items_left, public_copies_expire_at)
    values ($1, 'connection', $1, 1, 'x', $2, $2, 1, 1, $2)`;
  await expect(database.pool.query(insert, [randomUUID(), AT])).rejects.toMatchObject({ code: '23514' });
});
