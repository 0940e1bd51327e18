import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inTransaction, type Client } from '../../src/db/pool.ts';
import { ensureProfile } from '../../src/db/profiles.ts';
import { connectIn, createDbWorld, removeIn, type DbWorld } from '../db/db-world.ts';
import { held, waits } from '../db/held.ts';

let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

const connect = (user: number, githubUser: number) => (tx: Client) => connectIn(tx, world.instanceId, user, githubUser);
const refused = (act: Promise<unknown>) =>
  act.then(
    () => undefined,
    (error: { code: string; facts: object }) => ({ code: error.code, facts: error.facts }),
  );

describe('connecting in two tabs at once', () => {
  test.each([
    ['a new profile', false],
    ['a profile that is there since long', true],
  ])('to %s makes one connection; the other tab is led to it', async (_, isKnown) => {
    if (isKnown) await ensureProfile(world.pool, 9);
    const first = await held(world.pool, connect(7, 9));
    const second = refused(inTransaction(world.as('tab'), connect(7, 9)));
    await waits(world.pool, 'tab');
    await first.commit();
    expect(await second).toEqual({ code: 'already_connected', facts: { connectionId: first.value } });
    expect((await world.pool.query('select id from connection')).rows).toEqual([{ id: first.value }]);
  });

  test('signed in as two users of GitHub.com makes one connection all the same', async () => {
    const first = await held(world.pool, connect(7, 9));
    const second = refused(inTransaction(world.as('tab'), connect(7, 10)));
    await waits(world.pool, 'tab');
    await first.commit();
    expect(await second).toEqual({ code: 'already_connected', facts: { connectionId: first.value } });
  });

  test('as whoever had an id and as whoever has it now makes a connection of each', async () => {
    const before = await held(world.pool, connect(7, 9));
    const now = await inTransaction(world.pool, (tx) => connectIn(tx, world.instanceId, 7, 10, '2026-01-01T00:00:00Z'));
    await before.commit();
    const { rows } = await world.pool.query<{ id: string; year: string }>(
      `select connection_id as id, to_char(source_created_at, 'YYYY') as year from connection_person order by year`,
    );
    expect(rows).toEqual([
      { id: before.value, year: '2020' },
      { id: now, year: '2026' },
    ]);
  });

  test('as two users of the instance gives the profile to the first', async () => {
    await ensureProfile(world.pool, 9);
    const first = await held(world.pool, connect(7, 9));
    const second = refused(inTransaction(world.as('tab'), connect(8, 9)));
    await waits(world.pool, 'tab');
    await first.commit();
    expect(await second).toMatchObject({ code: 'profile_taken' });
  });

  test('while the last link to the profile is being erased waits for that, and begins with a new profile', async () => {
    const old = await inTransaction(world.pool, connect(8, 9));
    const forget = await held(world.pool, (tx) => removeIn(tx, 'forget', old));
    const before = (await world.pool.query('select id from profile')).rows;
    const second = inTransaction(world.as('tab'), connect(7, 9));
    await waits(world.pool, 'tab');
    await forget.commit();
    await second;
    const after = (await world.pool.query('select id from profile')).rows;
    expect([before.length, after.length]).toEqual([1, 1]);
    expect(after).not.toEqual(before);
  });
});

describe('opting out in two tabs at once', () => {
  test('is accepted once, and the other tab follows the same deletion', async () => {
    const devi = await world.sending();
    const first = await held(world.pool, (tx) => removeIn(tx, 'opt_out', devi, 'first tab'));
    const second = inTransaction(world.as('tab'), (tx) => removeIn(tx, 'opt_out', devi, 'second tab'));
    await waits(world.pool, 'tab');
    await first.commit();
    expect(await second).toEqual(first.value);
    expect((await world.pool.query('select operation_id from intent')).rows).toEqual([{ operation_id: 'first tab' }]);
    const { rows } = await world.pool.query(`select 1 from audit where action = 'connection.opt_out_accepted'`);
    expect(rows).toHaveLength(1);
  });

  test('and forgetting in the other forgets, whichever is first', async () => {
    const [devi, emil] = [await world.sending(), await world.sending()];
    const optOut = await held(world.pool, (tx) => removeIn(tx, 'opt_out', devi));
    const forget = inTransaction(world.as('tab'), (tx) => removeIn(tx, 'forget', devi));
    await waits(world.pool, 'tab');
    await optOut.commit();
    await forget;
    const forgotten = await held(world.pool, (tx) => removeIn(tx, 'forget', emil));
    const late = refused(inTransaction(world.as('late'), (tx) => removeIn(tx, 'opt_out', emil, randomUUID())));
    await waits(world.pool, 'late');
    await forgotten.commit();
    expect(await late).toMatchObject({ code: 'not_found' });
    expect((await world.pool.query('select 1 from connection_person')).rowCount).toBe(0);
  });
});
