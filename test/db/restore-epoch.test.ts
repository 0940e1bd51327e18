import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writePage } from '../../src/db/count-writes.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { holdDatabase, liftHold, numberAbove } from '../../src/db/restore-epoch.ts';
import { findSession, startSession } from '../../src/db/sessions.ts';
import { insertFlow, takeFlow } from '../../src/db/sign-in-flows.ts';
import { addMs } from '../../src/domain/dates.ts';
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

test('held twice it is held once, with one record', async () => {
  const first = await holdDatabase(world.pool, by);
  expect(await holdDatabase(world.pool, { ...by, actor: 'another' })).toEqual(first);
  const { rows } = await world.pool.query(`select action, actor from audit where subject_kind = 'restore'`);
  expect(rows).toEqual([{ action: 'restore.held', actor: 'cli' }]);
});

describe('what is numbered after a restore', () => {
  test('lies above whatever an earlier restore of the same backup had numbered', async () => {
    const again = await createDbWorld();
    const backup = await numbers();
    await holdDatabase(world.pool, by);
    for (let count = 0; count < 1000; count += 1) await numbers();
    const first = await numbers();
    await holdDatabase(again.pool, by);
    const second = await numbers(again.pool);
    await again.close();
    for (const [name, value] of Object.entries(first)) {
      expect(value).toBeGreaterThan(backup[name]!);
      expect(second[name]).toBeGreaterThan(value);
      expect(second[name]).toBeLessThan(Number.MAX_SAFE_INTEGER);
    }
  });

  test('lies far above the backup where the clock is behind it', async () => {
    const ahead = 8_000_000_000_000_000;
    const set = `select setval(name::regclass, $1) from unnest(${SEQUENCES}) as name`;
    await world.pool.query(set, [ahead]);
    await holdDatabase(world.pool, by);
    for (const value of Object.values(await numbers())) expect(value).toBeGreaterThan(ahead + 900_000_000);
  });

  test('lies above what was exported, whatever the clock said', async () => {
    const kept = { receipt: 8_000_000_000_000_000, audit: 8_000_000_000_000_007 };
    await numberAbove(world.pool, kept);
    await numberAbove(world.pool, { receipt: 5, audit: 5 });
    const { rows } = await world.pool.query<{ receipt: number; audit: number }>(
      `select nextval(pg_get_serial_sequence('receipt', 'seq')) as receipt, nextval(pg_get_serial_sequence('audit', 'id')) as audit`,
    );
    expect(rows[0]!.receipt).toBeGreaterThan(kept.receipt);
    expect(rows[0]!.audit).toBeGreaterThan(kept.audit);
  });
});

test('whoever is signed in or about to is signed out, since what was ended after the backup is back; who they are stays', async () => {
  const source = { instanceId: world.instanceId, userId: 7, createdAt: '2020-01-01T00:00:00Z' };
  const [at, expiresAt] = [new Date(AT), new Date(addMs(AT, 3_600_000))];
  const session = await inTransaction(world.pool, (tx) =>
    startSession(tx, { hash: HASH, signedIn: { source, githubUserId: 8 }, at, expiresAt, instead: undefined }),
  );
  await insertFlow(world.pool, {
    stateHash: HASH,
    browserHash: HASH,
    place: 'github',
    instanceId: null,
    purpose: 'sign_in',
    sessionId: null,
    heldTokenId: null,
    returnTo: '/',
    at,
  });
  await holdDatabase(world.pool, by);
  expect(await findSession(world.pool, HASH, at, 3_600_000)).toBeUndefined();
  const came = { stateHash: HASH, browserHash: HASH, place: 'github', instanceId: null, at } as const;
  expect(await takeFlow(world.pool, came)).toBeUndefined();
  const { rows } = await world.pool.query('select id from identity');
  expect(rows).toEqual([{ id: session.identityId }]);
});

const HASH = Buffer.alloc(32, 1);
const SEQUENCES = `array['projection_version', 'read_number', pg_get_serial_sequence('receipt', 'seq'),
  pg_get_serial_sequence('audit', 'id')]`;

async function numbers(pool = world.pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string; value: number }>(
    `select name, nextval(name::regclass) as value from unnest(${SEQUENCES}) as name`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
