import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ledger } from '../../src/db/ledger.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { ensureProfile, publicSources, setVisibility, type Visibility } from '../../src/db/profiles.ts';
import { addDaysTo } from '../../src/domain/dates.ts';
import { AT, createDbWorld, removeIn, says, type DbWorld } from './db-world.ts';
import { held, waits } from './held.ts';

let world: DbWorld;
let devi: string;
let profileId: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
  const { rows } = await world.pool.query('select profile_id from connection_person where connection_id = $1', [devi]);
  profileId = rows[0].profile_id as string;
  await ledger.put(world.pool, [says(devi, 2, 1, 7)]);
});
afterEach(() => world.close());

const show = (visibility: Visibility, operationId: string = randomUUID()) =>
  inTransaction(world.pool, (tx) => setVisibility(tx, profileId, visibility, { actor: 'test', at: AT, operationId }));
const seen = (id = profileId) =>
  publicSources(world.pool, id, { from: '2026-03-01', to: '2027-03-02' }, addDaysTo(AT, -3));
const records = async () =>
  (await world.pool.query('select action from audit where subject_id = $1 order by id', [profileId])).rows.map(
    (row) => row.action,
  );

const COUNTS = [{ label: 'GitHub Enterprise Server', asOf: null, days: [{ date: '2027-02-28', count: 7 }] }];

describe('who may see a profile', () => {
  test('nobody, until its owner says so; then anyone, and again nobody', async () => {
    expect(await seen()).toBeUndefined();
    expect(await show('public')).toMatchObject({ visibility: 'public', visibilityAt: AT });
    expect(await seen()).toEqual(COUNTS);
    await show('private');
    expect(await seen()).toBeUndefined();
    expect(await records()).toEqual(['profile.made_public', 'profile.made_private']);
  });

  test('a profile is made private, once, whatever asks for it', async () => {
    const all = await Promise.all([1, 2, 3].map(() => inTransaction(world.pool, (tx) => ensureProfile(tx, 77))));
    expect(new Set(all.map((one) => one.id)).size).toBe(1);
    expect(all[0]).toMatchObject({ visibility: 'private', visibilityAt: null });
    await expect(
      world.pool.query(`insert into profile (id, github_user_id) values ($1, 78) returning visibility`, [randomUUID()]),
    ).resolves.toMatchObject({ rows: [{ visibility: 'private' }] });
  });

  test('a choice that changes nothing is not recorded, and an old one that comes again undoes no newer one', async () => {
    await show('private');
    expect(await records()).toEqual([]);
    await show('public', 'first');
    await show('private', 'second');
    expect(await show('public', 'first')).toMatchObject({ visibility: 'private' });
    expect(await records()).toEqual(['profile.made_public', 'profile.made_private']);
  });
});

describe('of a public profile nothing is seen', () => {
  beforeEach(() => show('public'));

  test.each([
    ['of an instance that is turned off', () => world.switchSide('instance', false)],
    ['of an instance that is paused', () => world.sharing({ type: 'look', connected: false, at: AT })],
    ['from the moment an opt-out is accepted', () => world.remove('opt_out', devi)],
    [
      'of a removal that was observed',
      async () => {
        await world.outlives(devi, 'gone');
        await world.step(devi, { type: 'observe', cause: 'gone' });
      },
    ],
  ])('%s', async (_, act) => {
    expect(await seen()).toEqual(COUNTS);
    await act();
    expect(await seen()).toEqual([]);
  });

  test('from the moment it is forgotten: a profile that nothing feeds any more is erased with its link', async () => {
    await world.remove('forget', devi);
    expect(await seen()).toBeUndefined();
    expect((await world.pool.query('select 1 from profile where id = $1', [profileId])).rowCount).toBe(0);
  });

  test('after on again, before its owner comes back', async () => {
    await world.switchSide('instance', false);
    await world.sharing({ type: 'verified' });
    await world.switchSide('instance', true);
    expect(await seen()).toEqual([]);
  });
});

test('a profile that is erased while its owner makes it public is made anew', async () => {
  // Where an erasure stands when it has locked what it will erase.
  const erasing = await held(world.pool, async (tx) => {
    await tx.query('select 1 from profile where id = $1 for update', [profileId]);
    return tx;
  });
  const { rows } = await world.pool.query('select github_user_id from profile where id = $1', [profileId]);
  const publishes = inTransaction(world.as('owner'), async (tx) => {
    const { id } = await ensureProfile(tx, rows[0].github_user_id as number);
    return setVisibility(tx, id, 'public', { actor: 'test', at: AT, operationId: randomUUID() });
  });
  await waits(world.pool, 'owner');
  await removeIn(erasing.value, 'forget', devi);
  await erasing.commit();
  const { id, visibility } = await publishes;
  expect(visibility).toBe('public');
  expect(id).not.toBe(profileId);
  expect(await seen(id)).toEqual([]);
});

test('two instances feed one profile, each by its label', async () => {
  const other = await world.elsewhere();
  await world.pool.query(`update instance set kind = 'gitea' where id = $1`, [other.instanceId]);
  const second = await other.sending();
  await world.pool.query('update connection_person set profile_id = $2 where connection_id = $1', [second, profileId]);
  await ledger.put(world.pool, [{ ...says(second, 2, 1, 5), source: 'Gitea' }]);
  await show('public');
  const shown = new Map((await seen())!.map((source) => [source.label, source.days[0]!.count]));
  expect(shown).toEqual(
    new Map([
      ['GitHub Enterprise Server', 7],
      ['Gitea', 5],
    ]),
  );
  await world.remove('forget', devi);
  expect((await seen())!.map(({ label }) => label)).toEqual(['Gitea']);
});

test('a source that has failed for 3 days says since when its counts may be wrong', async () => {
  await show('public');
  const fails = (at: string) => world.fails(devi, 'source_unreachable', at);
  await fails(addDaysTo(AT, -2));
  expect(await seen()).toEqual(COUNTS);
  await world.pool.query('delete from sync_failure');
  await fails(addDaysTo(AT, -4));
  await fails(AT);
  expect(await seen()).toEqual([{ ...COUNTS[0], asOf: addDaysTo(AT, -4) }]);
});
