import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { acceptRemoval } from '../../src/db/connection-steps.ts';
import { createPool, inTransaction, type Client } from '../../src/db/pool.ts';
import { receiptsOf } from '../../src/db/removals.ts';
import { held, waits } from '../db/held.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';
import { refusal } from './refusal.ts';

let world: World;
let devi: Developer;
beforeEach(async () => {
  world = await createWorld();
  await world.switchOn();
  devi = await world.sending('devi');
  await devi.optOut();
  await devi.until('restorable');
});
afterEach(() => world.close());

async function accept(tx: Client, kind: 'opt_out' | 'forget') {
  const by = { operationId: randomUUID(), actor: 'test', asOf: await world.now() };
  return acceptRemoval(tx, { connectionId: devi.id, kind, ...by, restoreWindowMs: world.config.RESTORE_WINDOW });
}
const windowPasses = () => world.pool.query(`update connection set restore_until = now() - interval '1 second'`);
const open = async () => (await world.pool.query('select kind from intent where done_at is null')).rows;

test.each([
  ['forget', ['opted_out', 'forgotten']],
  ['opt_out', ['opted_out']],
] as const)(
  'a %s that is accepted just as the workflow ends the link is settled, and keeps nobody busy for ever',
  async (kind, receipts) => {
    await windowPasses();
    const accepted = await held(world.pool, (tx) => accept(tx, kind));
    await devi.wake();
    await waits(world.pool, 'test');
    await accepted.commit();
    await devi.until('ended');
    // As the sweeper does until the act is done.
    const done = async () => {
      await devi.wake();
      return (await open()).length === 0;
    };
    await eventually(done, 'the act is done');
    expect((await receiptsOf(world.pool, devi.id)).map(({ cause }) => cause)).toEqual(receipts);
    expect((await world.pool.query('select 1 from connection_person')).rowCount).toBe(0);
  },
);

test.each(['forget', 'opt_out'] as const)(
  'a %s that comes just after the workflow has begun to end the link is refused, and leaves nothing open',
  async (kind) => {
    await windowPasses();
    const late = createPool({ url: world.config.DATABASE_URL, max: 1, applicationName: 'late' });
    try {
      // The end has taken the connection's row by then, and waits for its token's.
      const token = await held(world.pool, (tx) => tx.query('select 1 from connection_token for update'));
      await devi.wake();
      await waits(world.pool, 'test');
      const refused = refusal(inTransaction(late, (tx) => accept(tx, kind)));
      await waits(world.pool, 'late');
      await token.commit();
      expect(await refused).toBe('not_found');
    } finally {
      await late.end();
    }
    await devi.until('ended');
    expect(await open()).toEqual([]);
    expect((await receiptsOf(world.pool, devi.id)).map(({ cause }) => cause)).toEqual(['opted_out']);
    expect((await world.pool.query('select 1 from connection_person')).rowCount).toBe(0);
  },
);
