import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lapseConnection } from '../../src/db/connection-steps.ts';
import { loadConnection } from '../../src/db/connections.ts';
import { inTransaction, type Client, type Pool } from '../../src/db/pool.ts';
import { eraseCohortBatch, turnOffBatch } from '../../src/db/turning-off.ts';
import { addMs } from '../../src/domain/dates.ts';
import { AT, createDbWorld, moveIn, removeIn, stepIn, WINDOW_MS, type DbWorld } from '../db/db-world.ts';
import { held, waits } from '../db/held.ts';
import { refusal } from './refusal.ts';

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

const END = addMs(AT, WINDOW_MS);
const LAST_MOMENT = addMs(END, -1);
const linked = async () =>
  (await world.pool.query('select 1 from connection_person where connection_id = $1', [devi])).rowCount === 1;
const row = async () => (await loadConnection(world.pool, devi))!;
const intents = async () => (await world.pool.query('select kind from intent where done_at is null')).rows;

async function optedOut(): Promise<void> {
  await world.remove('opt_out', devi);
  await world.pool.query('update intent set done_at = asked_at');
  for (const type of ['opt_out', 'removed'] as const) await world.step(devi, { type });
}

async function switchedOff(): Promise<void> {
  await world.switchSide('account', false);
  await turnOffBatch(world.pool, world.instanceId, 1, 10, WINDOW_MS);
  await world.sharing({ type: 'verified' });
  await world.switchSide('account', true);
  await world.step(devi, { type: 'switched_off' });
}

/** Who ends the 90 days: the connection’s own workflow, or the run of its cohort. */
const ENDS: Record<string, { begin: () => Promise<void>; end: (pool: Pool) => Promise<boolean> }> = {
  'of an opt-out': {
    begin: optedOut,
    end: (pool) => inTransaction(pool, (tx) => lapseConnection(tx, devi, END)),
  },
  'of a cohort': {
    begin: switchedOff,
    end: async (pool) => (await eraseCohortBatch(pool, world.instanceId, 1, END, 10)).length === 1,
  },
};

describe.each(Object.entries(ENDS))(
  'a reconnect at the last moment, and the end of the 90 days %s',
  (_, { begin, end }) => {
    beforeEach(begin);
    const reconnect = (tx: Client) => stepIn(tx, devi, { type: 'reconnect' }, LAST_MOMENT);

    test('when the reconnect is first, the end waits for it and erases nothing', async () => {
      const { commit } = await held(world.pool, reconnect);
      const ended = end(world.as('end'));
      await waits(world.pool, 'end');
      await commit();
      expect(await ended).toBe(false);
      expect([await linked(), (await row()).restoreUntil]).toEqual([true, null]);
    });

    test('when the end is first, the reconnect waits for it and is told that there is nothing any more', async () => {
      // It stops in the midst of erasing, with the row locked.
      const { commit } = await held(world.pool, (tx) => tx.query('lock table token_revocation in share mode'));
      const ended = end(world.as('end'));
      await waits(world.pool, 'end');
      const refused = refusal(inTransaction(world.as('person'), reconnect));
      await waits(world.pool, 'person');
      await commit();
      expect([await ended, await refused]).toEqual([true, 'not_found']);
      expect(await linked()).toBe(false);
      expect(await row()).toMatchObject({ erasedAt: END, restoreUntil: END });
    });
  },
);

describe('an opt-out and an act that would send', () => {
  const optOut = (tx: Client) => removeIn(tx, 'opt_out', devi);
  const ACTS: Record<string, (tx: Client) => Promise<unknown>> = {
    'tick of a new text': (tx: Client) => stepIn(tx, devi, { type: 'send', consentVersion: '2' }),
    move: (tx: Client) => moveIn(tx, devi),
  };

  test.each(Object.entries(ACTS))('when the opt-out is first, a %s waits for it and is refused', async (_, act) => {
    const { commit } = await held(world.pool, optOut);
    const refused = refusal(inTransaction(world.as('person'), act));
    await waits(world.pool, 'person');
    await commit();
    expect(await refused).toBe('removing');
    expect(await intents()).toEqual([{ kind: 'opt_out' }]);
  });

  test.each(Object.entries(ACTS))(
    'when a %s is first, the opt-out waits for it and closes all the same',
    async (_, act) => {
      const { commit } = await held(world.pool, act);
      const before = await row();
      const opted = inTransaction(world.as('person'), optOut);
      await waits(world.pool, 'person');
      await commit();
      const { generation } = await opted;
      expect(generation).toBeGreaterThan(before.generation + 1);
      expect(await row()).toMatchObject({ generation, restoreUntil: END });
      expect(await intents()).toContainEqual({ kind: 'opt_out' });
    },
  );
});

describe('a forget and the end of the 90 days', () => {
  beforeEach(optedOut);
  const forget = (tx: Client) => removeIn(tx, 'forget', devi);
  const lapse = (tx: Client) => lapseConnection(tx, devi, END);

  test('when the forget is first, the end finds nothing to erase', async () => {
    const { commit } = await held(world.pool, forget);
    const ended = inTransaction(world.as('end'), lapse);
    await waits(world.pool, 'end');
    await commit();
    expect(await ended).toBe(false);
    expect(await intents()).toEqual([{ kind: 'forget' }]);
  });

  test('when the end is first, there is nothing to forget any more', async () => {
    const { commit } = await held(world.pool, lapse);
    const refused = refusal(inTransaction(world.as('person'), forget));
    await waits(world.pool, 'person');
    await commit();
    expect(await refused).toBe('not_found');
    expect(await intents()).toEqual([]);
  });
});
