import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadConnection } from '../../src/db/connections.ts';
import { loadInstance } from '../../src/db/instances.ts';
import type { KeptReceipt } from '../../src/db/kept-receipts.ts';
import type { KeptAct } from '../../src/db/kept-records.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { reapplyRemoval } from '../../src/db/reapply-removals.ts';
import { closeGateAgain } from '../../src/db/reapply-sharing.ts';
import { receiptsOf } from '../../src/db/removals.ts';
import { startSession } from '../../src/db/sessions.ts';
import { undeliveredIntents } from '../../src/db/intents.ts';
import { addMs } from '../../src/domain/dates.ts';
import { AT, createDbWorld, WINDOW_MS, type DbWorld } from './db-world.ts';

const LATER = addMs(AT, 3_600_000);
const ASKED = addMs(AT, 60_000);
const by = { actor: 'cli', at: LATER, restoreWindowMs: WINDOW_MS, publicCacheMs: 300_000 };
const CAUSES = { opt_out: 'opted_out', forget: 'forgotten', move: 'moved', turn_off: 'sharing.account_side_disabled' };

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
  await world.pool.query('insert into ledger values ($1, 2000, array_fill(3, array[366]))', [devi]);
});
afterEach(() => world.close());

const act = (kind: KeptAct['act'], subjectId: string, generation: number, rest: Partial<KeptAct> = {}): KeptAct => ({
  seq: 1_000_000 + generation,
  act: kind,
  subjectId,
  generation,
  cause: CAUSES[kind],
  at: ASKED,
  ...rest,
});
const reapply = (...kept: (KeptAct | KeptReceipt)[]) =>
  inTransaction(world.pool, (tx) => reapplyRemoval(tx, devi, kept, by));
const row = async () => (await loadConnection(world.pool, devi))!;

describe('a removal that was accepted and not verified yet', () => {
  test('is done again, as of when it was accepted, and has its receipt now', async () => {
    expect(await reapply(act('opt_out', devi, 3))).toBe('removed');
    expect(await world.counts(devi)).toEqual([]);
    expect(await row()).toMatchObject({
      generation: 3,
      state: { status: 'restorable', causes: ['opted_out'] },
      restoreUntil: addMs(ASKED, WINDOW_MS),
    });
    expect(await receiptsOf(world.pool, devi)).toEqual([
      {
        scope: 'connection',
        generation: 3,
        cause: 'opted_out',
        askedAt: ASKED,
        verifiedAt: LATER,
        itemsDeleted: 366,
        itemsLeft: 0,
        publicCopiesExpireAt: addMs(LATER, 300_000),
      },
    ]);
  });

  test('is done once, however often it is told, and leaves alone whoever has come back', async () => {
    await reapply(act('opt_out', devi, 3));
    const after = await row();
    expect(await reapply(act('opt_out', devi, 3))).toBe('recorded');
    expect(await row()).toEqual(after);
    await world.step(devi, { type: 'reconnect' });
    expect(await reapply(act('opt_out', devi, 3))).toBe('recorded');
    expect((await row()).state.status).toBe('restoring');
  });

  test('that forgot erases link, token, and who had signed in', async () => {
    const { rows } = await world.pool.query<{ source_user_id: number; github_user_id: number }>(
      'select m.source_user_id, p.github_user_id from connection_person m join profile p on p.id = m.profile_id',
    );
    const { source_user_id: userId, github_user_id: githubUserId } = rows[0]!;
    const source = { instanceId: world.instanceId, userId, createdAt: '2020-01-01T00:00:00Z' };
    const [at, expiresAt] = [new Date(AT), new Date(LATER)];
    await inTransaction(world.pool, (tx) =>
      startSession(tx, {
        hash: Buffer.from('x'),
        signedIn: { source, githubUserId },
        at,
        expiresAt,
        instead: undefined,
      }),
    );
    expect(await reapply(act('forget', devi, 3))).toBe('erased');
    expect(await row()).toMatchObject({ state: { status: 'ended', causes: [] }, erasedAt: LATER });
    for (const table of ['connection_person', 'connection_token', 'ledger']) {
      expect((await world.pool.query(`select 1 from ${table} where connection_id = $1`, [devi])).rowCount).toBe(0);
    }
    expect((await world.pool.query(`select 1 from identity where signed_in_at = '-infinity'`)).rowCount).toBe(1);
    expect(await receiptsOf(world.pool, devi)).toMatchObject([{ cause: 'forgotten', itemsDeleted: 366 }]);
  });

  test('that moved deletes at the old profile, and shows nothing at either before its owner comes back', async () => {
    expect(await reapply(act('move', devi, 3))).toBe('removed');
    expect(await world.counts(devi)).toEqual([]);
    expect(await row()).toMatchObject({ state: { status: 'restorable', causes: [] } });
    expect(await undeliveredIntents(world.pool, 10)).toEqual([]);
  });

  test('is told by its receipt where it has one', async () => {
    const receipt: KeptReceipt = {
      seq: 1,
      id: randomUUID(),
      scope: 'connection',
      subjectId: devi,
      generation: 3,
      cause: 'opted_out',
      askedAt: ASKED,
      verifiedAt: addMs(ASKED, 5),
      itemsDeleted: 44,
      publicCopiesExpireAt: LATER,
      endsIn: null,
    };
    await reapply(act('opt_out', devi, 3), receipt);
    expect(await receiptsOf(world.pool, devi)).toMatchObject([{ itemsDeleted: 44, verifiedAt: receipt.verifiedAt }]);
  });

  test('after another says both causes, and its 90 days are those of the first', async () => {
    const observed = { ...act('opt_out', devi, 3), cause: 'suspended' };
    await reapply(observed, act('opt_out', devi, 4, { at: LATER }));
    expect(await row()).toMatchObject({
      generation: 4,
      state: { causes: ['suspended', 'opted_out'] },
      restoreUntil: addMs(ASKED, WINDOW_MS),
    });
  });

  test('that the backup had accepted waits for its workflow as it did', async () => {
    const { generation } = await world.remove('opt_out', devi);
    const before = await row();
    expect(await reapply(act('opt_out', devi, generation))).toBe('recorded');
    expect(await row()).toEqual(before);
    expect(await undeliveredIntents(world.pool, 10)).toHaveLength(1);
  });
});

describe('a turning off that was accepted and not verified yet', () => {
  const off = (generation: number, rest: Partial<KeptAct> = {}) => act('turn_off', world.instanceId, generation, rest);
  const sharing = async () => (await loadInstance(world.pool, world.instanceId))!.sharing;
  const gate = async () => (await row()).instance;

  test('closes the gate again, and its deletion waits for the worker', async () => {
    expect(await closeGateAgain(world.pool, off(1), by)).toBe(true);
    expect(await gate()).toMatchObject({ sharingStatus: 'turning_off', gateOpen: false, closedAt: ASKED });
    expect(await sharing()).toMatchObject({ generation: 1, endsIn: 'off', instanceSide: true, accountSide: false });
    const [intent] = await undeliveredIntents(world.pool, 10);
    expect(intent).toMatchObject({ kind: 'turn_off', subjectId: world.instanceId, generation: 1, askedAt: ASKED });
  });

  test('of access that was revoked ends without it', async () => {
    await closeGateAgain(world.pool, off(1, { cause: 'sharing.revoked' }), by);
    expect(await sharing()).toMatchObject({ endsIn: 'unavailable', instanceSide: false, accountSide: false });
  });

  test('is closed once, and stays open where both sides have opened it since', async () => {
    await closeGateAgain(world.pool, off(1), by);
    expect(await closeGateAgain(world.pool, off(1), by)).toBe(false);
    await world.sharing({ type: 'verified' });
    await world.switchSide('account', true);
    expect(await closeGateAgain(world.pool, off(1), by)).toBe(false);
    expect(await sharing()).toMatchObject({ status: 'on' });
  });

  test('ends no window later than that of whom it switched off', async () => {
    await reapply(act('opt_out', devi, 3, { at: LATER }));
    await closeGateAgain(world.pool, off(1), by);
    expect(await row()).toMatchObject({ restoreUntil: addMs(ASKED, WINDOW_MS) });
  });
});
