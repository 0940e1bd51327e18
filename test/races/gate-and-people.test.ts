import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadConnection } from '../../src/db/connections.ts';
import { writePage } from '../../src/db/count-writes.ts';
import { inTransaction, type Client } from '../../src/db/pool.ts';
import { turnOffBatch, verifyBatch } from '../../src/db/turning-off.ts';
import { connectIn, createDbWorld, says, sharingIn, stepIn, WINDOW_MS, type DbWorld } from '../db/db-world.ts';
import { held, waits } from '../db/held.ts';
import { refusal } from './refusal.ts';

let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
});
afterEach(() => world.close());

const disable = (tx: Client) => sharingIn(tx, world.instanceId, { type: 'switch', side: 'account', on: false });
const deleteAll = (generation: number) => turnOffBatch(world.pool, world.instanceId, generation, 10, WINDOW_MS);

/** What leads to counts that may be sent. @returns the act itself, which gives the connection's id */
const ACTS: Record<string, () => Promise<(tx: Client) => Promise<string>>> = {
  connect: () => Promise.resolve((tx) => connectIn(tx, world.instanceId, 77, 77)),
  async tick() {
    const devi = await world.connect();
    return (tx) => stepIn(tx, devi, { type: 'send', consentVersion: '1' }).then(() => devi);
  },
  async reconnect() {
    const devi = await world.sending();
    await world.remove('opt_out', devi);
    await world.pool.query('update intent set done_at = asked_at');
    for (const type of ['opt_out', 'removed'] as const) await world.step(devi, { type });
    return (tx) => stepIn(tx, devi, { type: 'reconnect' }).then(() => devi);
  },
};

describe.each(Object.keys(ACTS))('a %s and a disable', (name) => {
  test('when the act is first, the disable waits for it and switches it off with the others', async () => {
    const act = await ACTS[name]!();
    const { value: id, commit } = await held(world.pool, act);
    const disabled = inTransaction(world.as('gate'), disable);
    await waits(world.pool, 'gate');
    await commit();
    const { sharing } = await disabled;
    await deleteAll(sharing.generation);
    const row = await loadConnection(world.pool, id);
    expect(row).toMatchObject({ switchedOff: true, restoreUntil: expect.any(String) });
  });

  test('when the disable is first, the act waits for it, is refused and leaves nothing', async () => {
    const act = await ACTS[name]!();
    const before = (await world.pool.query('select id, generation, status from connection')).rows;
    const { commit } = await held(world.pool, disable);
    const refused = refusal(inTransaction(world.as('person'), act));
    await waits(world.pool, 'person');
    await commit();
    expect(await refused).toBe('turning_off');
    expect((await world.pool.query('select id, generation, status from connection')).rows).toEqual(before);
  });
});

describe('on again, and the end of turning off', () => {
  const verified = (tx: Client) => sharingIn(tx, world.instanceId, { type: 'verified' });
  const onAgain = (tx: Client) => sharingIn(tx, world.instanceId, { type: 'switch', side: 'account', on: true });
  const status = async () =>
    (await world.pool.query('select sharing_status, gate_open from instance where id = $1', [world.instanceId]))
      .rows[0];
  beforeEach(async () => {
    await inTransaction(world.pool, disable);
  });

  test('when the end is first, on again waits for it and is taken', async () => {
    const { commit } = await held(world.pool, verified);
    const on = inTransaction(world.as('on'), onAgain);
    await waits(world.pool, 'on');
    await commit();
    expect((await on).sharing.status).toBe('on');
    expect(await status()).toEqual({ sharing_status: 'on', gate_open: true });
  });

  test('when on again is first it is refused, and the end comes after it as if nobody had asked', async () => {
    const asked = await held(world.pool, (tx) => refusal(onAgain(tx)));
    const ended = inTransaction(world.as('end'), verified);
    await waits(world.pool, 'end');
    expect(asked.value).toBe('turning_off');
    await asked.commit();
    expect((await ended).sharing.status).toBe('off');
    expect(await status()).toEqual({ sharing_status: 'off', gate_open: false });
  });
});

describe('off and on again', () => {
  async function offAndOn(): Promise<number> {
    const { sharing } = await inTransaction(world.pool, disable);
    await deleteAll(sharing.generation);
    await world.sharing({ type: 'verified' });
    await world.switchSide('account', true);
    return sharing.generation;
  }

  test('a page that was in flight all the while writes nothing', async () => {
    const devi = await world.sending();
    const { page, readNumber } = await world.openPage();
    const generation = await offAndOn();
    const write = { message: says(devi, 2, readNumber, 7), openRead: false };
    expect(await writePage(world.pool, page, readNumber, [write])).toBe(0);
    expect(await verifyBatch(world.pool, world.instanceId, generation, null, 10)).toEqual({ last: null, left: 0 });
  });

  test('a deletion that wakes up late, when sharing is on again, takes nothing of whoever came back since', async () => {
    const devi = await world.sending();
    const generation = await offAndOn();
    for (const type of ['switched_off', 'reconnect'] as const) await world.step(devi, { type });
    const { generation: own } = (await loadConnection(world.pool, devi))!;
    const { page, readNumber } = await world.openPage();
    const write = { message: says(devi, own, readNumber, 7), openRead: false };
    expect(await writePage(world.pool, page, readNumber, [write])).toBe(1);
    const fresh = await world.sending();
    await world.pool.query('update turning_off set cursor_id = null');
    await deleteAll(generation);
    expect(await world.counts(devi)).toHaveLength(1);
    expect(await loadConnection(world.pool, devi)).toMatchObject({ restoreUntil: null });
    expect(await loadConnection(world.pool, fresh)).toMatchObject({ restoreUntil: null, switchedOff: false });
  });
});
