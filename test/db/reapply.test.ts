import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createToken } from '../../src/db/api-tokens.ts';
import { loadConnection } from '../../src/db/connections.ts';
import { receiptsBetween, type KeptReceipt } from '../../src/db/kept-receipts.ts';
import type { KeptWithdrawal } from '../../src/db/kept-records.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { ensureProfile } from '../../src/db/profiles.ts';
import { lapseAll, reapplyRemoval } from '../../src/db/reapply-removals.ts';
import { reapplyTurningOff } from '../../src/db/reapply-sharing.ts';
import { withdrawSharing } from '../../src/db/reapply-sides.ts';
import { withdrawAgain } from '../../src/db/reapply-withdrawals.ts';
import { addMs } from '../../src/domain/dates.ts';
import { AT, createDbWorld, WINDOW_MS, type DbWorld } from './db-world.ts';

const DAY = 86_400_000;
const LATER = addMs(AT, 3_600_000);
const by = { actor: 'cli', at: LATER, restoreWindowMs: WINDOW_MS, publicCacheMs: 300_000 };

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
  await keeps(devi);
});
afterEach(() => world.close());

const keeps = (id: string) =>
  world.pool
    .query('insert into ledger values ($1, 2027, array_fill(null::int, array[366]))', [id])
    .then(() => world.pool.query('update ledger set counts[59] = 3 where connection_id = $1', [id]));

/** A receipt of what happened after the backup. */
const receipt = (subjectId: string, generation: number, rest: Partial<KeptReceipt> = {}): KeptReceipt => ({
  seq: generation,
  id: randomUUID(),
  scope: 'connection',
  subjectId,
  generation,
  cause: 'opted_out',
  askedAt: AT,
  verifiedAt: AT,
  itemsDeleted: 7,
  publicCopiesExpireAt: addMs(AT, 300_000),
  endsIn: null,
  ...rest,
});
const reapply = (...receipts: KeptReceipt[]) =>
  inTransaction(world.pool, (tx) => reapplyRemoval(tx, receipts[0]!.subjectId, receipts, by));
const row = async (id = devi) => (await loadConnection(world.pool, id))!;
const kept = () => receiptsBetween(world.pool, 0, 1e15, 100);

describe('a removal that a receipt tells of', () => {
  test('is done again: fence, counts, state, receipt as it was, and an audit record of the operator’s', async () => {
    const told = receipt(devi, 3);
    expect(await reapply(told)).toBe('removed');
    expect(await world.counts(devi)).toEqual([]);
    expect(await row()).toMatchObject({
      generation: 3,
      state: { status: 'restorable', causes: ['opted_out'] },
      restoreUntil: addMs(AT, WINDOW_MS),
      erasedAt: null,
    });
    const [back] = await kept();
    expect(back).toEqual({ ...told, seq: back!.seq });
    const { rows } = await world.pool.query(
      `select action, actor, version from audit where subject_id = $1 order by id`,
      [devi],
    );
    expect(rows.at(-1)).toMatchObject({ action: 'connection.removal_reapplied', actor: 'cli' });
    expect((await row()).version).toBe(rows.at(-1).version);
  });

  test('is done once, however often it is told', async () => {
    const told = receipt(devi, 3);
    await reapply(told);
    const after = await row();
    expect(await reapply(told)).toBe('recorded');
    expect(await row()).toEqual(after);
    expect(await kept()).toHaveLength(1);
  });

  test('leaves alone whoever has come back after it', async () => {
    await reapply(receipt(devi, 3));
    await world.step(devi, { type: 'reconnect' });
    await keeps(devi);
    expect((await row()).generation).toBe(4);
    expect(await reapply(receipt(devi, 3))).toBe('recorded');
    expect(await world.counts(devi)).toHaveLength(1);
    expect((await row()).state.status).toBe('restoring');
  });

  test('leaves alone whoever is past its generation, though the database does not have that receipt', async () => {
    for (const consentVersion of ['2', '3']) await world.step(devi, { type: 'send', consentVersion });
    const before = await row();
    expect(before.generation).toBe(4);
    expect(await reapply(receipt(devi, 3))).toBe('recorded');
    expect(await row()).toEqual(before);
    expect(await world.counts(devi)).toHaveLength(1);
    expect(await kept()).toHaveLength(1);
  });

  test('that forgot erases link and token again', async () => {
    expect(await reapply(receipt(devi, 3), receipt(devi, 4, { cause: 'forgotten' }))).toBe('erased');
    expect(await row()).toMatchObject({ generation: 4, state: { status: 'ended', causes: [] }, erasedAt: LATER });
    for (const table of ['connection_person', 'connection_token']) {
      expect((await world.pool.query(`select 1 from ${table} where connection_id = $1`, [devi])).rowCount).toBe(0);
    }
    expect(await kept()).toHaveLength(2);
  });

  test('forgets in the place of an opt-out that the backup had accepted', async () => {
    await world.remove('opt_out', devi);
    const generation = (await row()).generation + 1;
    await reapply(receipt(devi, generation, { cause: 'forgotten' }));
    expect(await world.counts(devi)).toEqual([]);
    expect((await row()).state.status).toBe('ended');
    expect((await world.pool.query('select 1 from intent where done_at is null')).rowCount).toBe(0);
  });

  test('begins the 90 days anew where its generation says that they had come back', async () => {
    const second = addMs(AT, 1000);
    await reapply(receipt(devi, 3), receipt(devi, 5, { askedAt: second }));
    expect(await row()).toMatchObject({ generation: 5, restoreUntil: addMs(second, WINDOW_MS) });
  });

  test('leaves the 90 days that had begun, where nobody came back in between', async () => {
    await world.remove('opt_out', devi);
    const [ends, later] = [(await row()).restoreUntil, addMs(AT, 89 * DAY)];
    await reapply(receipt(devi, 4, { cause: 'suspended', askedAt: later }));
    expect(await row()).toMatchObject({ generation: 4, restoreUntil: ends });
  });

  test('of a connection that the backup does not know is kept as a receipt', async () => {
    const nobody = randomUUID();
    expect(await reapply(receipt(nobody, 3))).toBe('recorded');
    expect((await kept()).map((one) => one.subjectId)).toEqual([nobody]);
  });

  test('whose 90 days are over erases the link again', async () => {
    await reapply(receipt(devi, 3, { askedAt: addMs(LATER, -WINDOW_MS) }));
    expect(await lapseAll(world.pool, LATER)).toBe(1);
    expect(await row()).toMatchObject({ state: { status: 'ended' }, erasedAt: LATER });
    expect(await lapseAll(world.pool, LATER)).toBe(0);
  });
});

describe('a turning off that a receipt tells of', () => {
  const off = (generation: number, rest: Partial<KeptReceipt> = {}) =>
    receipt(world.instanceId, generation, {
      scope: 'instance',
      cause: 'sharing.instance_side_disabled',
      endsIn: 'off',
      ...rest,
    });
  const sharing = async () => (await row()).instance;

  test('is done again: the gate, every count, the cohort’s 90 days', async () => {
    const emil = await world.connect();
    expect(await reapplyTurningOff(world.pool, off(1), by)).toBe(1);
    expect(await sharing()).toMatchObject({ sharingStatus: 'off', gateOpen: false, sharingGeneration: 1 });
    for (const id of [devi, emil]) {
      expect(await row(id)).toMatchObject({ switchedOff: true, restoreUntil: addMs(AT, WINDOW_MS) });
    }
    expect(await world.counts(devi)).toEqual([]);
    expect(await kept()).toMatchObject([{ scope: 'instance', itemsDeleted: 7, endsIn: 'off' }]);
    expect(await reapplyTurningOff(world.pool, off(1), by)).toBeUndefined();
  });

  test('of access that was revoked ends as it did', async () => {
    await reapplyTurningOff(world.pool, off(1, { cause: 'sharing.revoked', endsIn: 'unavailable' }), by);
    expect(await sharing()).toMatchObject({ sharingStatus: 'unavailable' });
    const { rows } = await world.pool.query('select instance_side, account_side from instance');
    expect(rows).toEqual([{ instance_side: false, account_side: false }]);
  });

  test('goes on where it was cut off', async () => {
    await world.switchSide('instance', false);
    expect(await sharing()).toMatchObject({ sharingStatus: 'turning_off', sharingGeneration: 1 });
    expect(await reapplyTurningOff(world.pool, off(1), by)).toBe(1);
    expect(await sharing()).toMatchObject({ sharingStatus: 'off' });
    const { rows } = await world.pool.query('select 1 from intent where done_at is null');
    expect(rows).toEqual([]);
  });

  test('ends where access was revoked while it was still turning off', async () => {
    await world.switchSide('instance', false);
    expect(await reapplyTurningOff(world.pool, off(1, { endsIn: 'unavailable' }), by)).toBe(1);
    expect(await sharing()).toMatchObject({ sharingStatus: 'unavailable' });
    const { rows } = await world.pool.query('select instance_side, account_side from instance');
    expect(rows).toEqual([{ instance_side: false, account_side: false }]);
    const { rows: runs } = await world.pool.query('select ends_in from turning_off');
    expect(runs).toEqual([{ ends_in: 'unavailable' }]);
  });

  test('ends no window later than that of whom it switched off: an erased link does not live again', async () => {
    const [day89, day95] = [addMs(AT, 89 * DAY), addMs(AT, 95 * DAY)];
    await reapply(receipt(devi, 3, { askedAt: day89 }));
    await reapplyTurningOff(world.pool, off(1), { ...by, at: day95 });
    expect(await row()).toMatchObject({ restoreUntil: addMs(AT, WINDOW_MS), switchedOff: true });
    expect(await lapseAll(world.pool, day95)).toBe(1);
    expect((await row()).erasedAt).toBe(day95);
  });

  test('leaves a window that ends earlier', async () => {
    const before = addMs(AT, -DAY);
    await reapply(receipt(devi, 3, { askedAt: before }));
    await reapplyTurningOff(world.pool, off(1), by);
    expect(await row()).toMatchObject({ restoreUntil: addMs(before, WINDOW_MS) });
  });

  test('leaves alone an instance that was turned off again since', async () => {
    await reapplyTurningOff(world.pool, off(2), by);
    expect(await reapplyTurningOff(world.pool, off(1), by)).toBeUndefined();
    expect(await sharing()).toMatchObject({ sharingGeneration: 2 });
  });
});

describe('what was taken back after the backup', () => {
  const again = (withdrawal: KeptWithdrawal['withdrawal'], subjectId: string, at = LATER) =>
    withdrawAgain(world.pool, { seq: 1, withdrawal, subjectId, generation: null, at }, by);
  const profile = async () => {
    const { rows } = await world.pool.query<{ id: string; visibility: string }>(
      'select p.id, visibility from profile p join connection_person m on m.profile_id = p.id where connection_id = $1',
      [devi],
    );
    return rows[0]!;
  };
  const shows = (at: string) => world.pool.query(`update profile set visibility = 'public', visibility_at = $1`, [at]);

  test('is taken back again: a public profile', async () => {
    await shows(AT);
    const { id } = await profile();
    expect([await again('profile.made_private', id), await again('profile.made_private', id)]).toEqual([true, false]);
    expect(await profile()).toMatchObject({ visibility: 'private' });
  });

  test('and stays as its owner has made it since', async () => {
    await shows(addMs(LATER, 1));
    const { id } = await profile();
    expect(await again('profile.made_private', id)).toBe(false);
    expect(await profile()).toMatchObject({ visibility: 'public' });
  });

  test('is taken back again: a profile that fed on nothing any more, and not one that feeds again', async () => {
    const { id } = await inTransaction(world.pool, (tx) => ensureProfile(tx, 777));
    expect([await again('profile.erased', id), await again('profile.erased', id)]).toEqual([true, false]);
    await world.connect();
    const { rows } = await world.pool.query<{ profile_id: string }>('select profile_id from connection_person');
    expect(await again('profile.erased', rows[0]!.profile_id)).toBe(false);
  });

  test('is taken back again: who asked for access, and what was open is withdrawn', async () => {
    const id = randomUUID();
    await world.pool.query(
      `insert into access_request (id, instance_id, requester_source_user_id, requester_source_created_at,
         requester_github_user_id, status, created_at) values ($1, $2, 77, $3, 78, 'logged', $3)`,
      [id, world.instanceId, AT],
    );
    expect([await again('request.requester_erased', id), await again('request.requester_erased', id)]).toEqual([
      true,
      false,
    ]);
    const { rows } = await world.pool.query(
      'select status, requester_source_user_id as source, requester_github_user_id as github from access_request where id = $1',
      [id],
    );
    expect(rows).toEqual([{ status: 'withdrawn', source: 0, github: 0 }]);
  });

  test('is taken back again: an API token', async () => {
    const { id } = await createToken(world.pool, {
      name: 'on call',
      owner: { role: 'operator' },
      actor: 'test',
      at: new Date(AT),
    });
    expect([await again('token.revoked', id), await again('token.revoked', id)]).toEqual([true, false]);
    expect(await again('token.revoked', randomUUID())).toBe(false);
    const { rows } = await world.pool.query('select revoked_at from api_token where id = $1', [id]);
    expect(rows).toEqual([{ revoked_at: new Date(LATER) }]);
  });

  test('is taken back again: notes, and not those that were written since', async () => {
    const request = randomUUID();
    for (const at of [AT, addMs(LATER, 1)]) {
      await world.pool.query(
        `insert into note (id, subject_kind, subject_id, author, text, created_at) values ($1, 'request', $2, 'x', 'x', $3)`,
        [randomUUID(), request, at],
      );
    }
    const outcomes = [await again('request.notes_erased', request), await again('request.notes_erased', request)];
    expect(outcomes).toEqual([true, false]);
    expect((await world.pool.query('select 1 from note')).rowCount).toBe(1);
  });
});

describe('what was taken back of sharing after the backup', () => {
  let seq = 0;
  beforeEach(async () => {
    await reapplyTurningOff(
      world.pool,
      receipt(world.instanceId, 1, { scope: 'instance', cause: 'sharing.instance_side_disabled', endsIn: 'off' }),
      by,
    );
    seq = (await world.pool.query<{ id: number }>('select max(id) as id from audit')).rows[0]!.id + 1;
    await world.pool.query(`select setval(pg_get_serial_sequence('audit', 'id'), $1)`, [seq]);
  });

  const again = (withdrawal: KeptWithdrawal['withdrawal'], generation = 1) =>
    withdrawSharing(world.pool, { seq, withdrawal, subjectId: world.instanceId, generation, at: LATER }, by);
  const sides = async () => {
    const { rows } = await world.pool.query<Record<string, unknown>>(
      'select sharing_status as status, instance_side, account_side, sharing_generation::int as generation from instance',
    );
    return rows[0];
  };

  test('is taken back again: access that was revoked while sharing was off', async () => {
    expect([await again('sharing.revoked'), await again('sharing.revoked')]).toEqual([true, false]);
    expect(await sides()).toEqual({ status: 'unavailable', instance_side: false, account_side: false, generation: 1 });
  });

  test('is taken back again: a side that was switched off while the other was', async () => {
    expect(await sides()).toMatchObject({ status: 'off', account_side: true });
    const outcomes = [await again('sharing.account_side_disabled'), await again('sharing.account_side_disabled')];
    expect(outcomes).toEqual([true, false]);
    expect(await sides()).toEqual({ status: 'off', instance_side: false, account_side: false, generation: 1 });
  });

  test('and stays as it was given again since', async () => {
    await world.sharing({ type: 'revoke' });
    await world.sharing({ type: 'approve' });
    await world.switchSide('account', true);
    expect(await again('sharing.revoked')).toBe(false);
    expect(await again('sharing.account_side_disabled')).toBe(false);
    expect(await sides()).toMatchObject({ status: 'available', account_side: true });
  });

  test('and stays as it is where sharing was turned off anew since', async () => {
    expect(await again('sharing.revoked', 0)).toBe(false);
    expect(await sides()).toMatchObject({ status: 'off' });
  });
});
