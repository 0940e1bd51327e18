import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { acceptRemoval } from '../../src/db/connection-steps.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { receiptsOf } from '../../src/db/removals.ts';
import { applySharing } from '../../src/db/sharing.ts';
import { addMs } from '../../src/domain/dates.ts';
import { deliverIntent } from '../../src/temporal/deliver.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let world: World;
let devi: Developer;
beforeEach(async () => {
  world = await createWorld();
  await world.switchOn();
  devi = await world.sending('devi');
});
afterEach(() => world.close());

const MINUTES = 60_000;
/** Whoever accepts a removal takes the time from a machine of its own. */
const CLOCKS = [
  ['ahead of', 10 * MINUTES],
  ['behind', -10 * MINUTES],
] as const;

async function optsOut(asOf: string): Promise<void> {
  const by = { operationId: randomUUID(), actor: 'test', asOf, restoreWindowMs: world.config.RESTORE_WINDOW };
  await inTransaction(world.pool, (tx) => acceptRemoval(tx, { connectionId: devi.id, kind: 'opt_out', ...by }));
  await devi.wake();
}

async function turnsOff(at: string): Promise<void> {
  const { client, config, instanceId, pool } = world;
  const settings = { connectGraceMs: config.CONNECT_GRACE, connectLooks: config.CONNECT_LOOKS };
  const by = { actor: 'test', at, operationId: randomUUID(), settings };
  const command = { type: 'switch', side: 'instance', on: false } as const;
  const { sharing } = await inTransaction(pool, (tx) => applySharing(tx, instanceId, { command, ...by }));
  const intent = { kind: 'turn_off', subjectId: instanceId, generation: sharing.generation } as const;
  await deliverIntent(client, intent, config.TASK_QUEUE_PEOPLE);
}

describe.each([
  ['connection', optsOut],
  ['instance', turnsOff],
] as const)('the receipt of one %s', (scope, remove) => {
  test.each(CLOCKS)(
    'says nothing impossible where the clock that asked is ten minutes %s the others',
    async (_, by) => {
      const before = await world.now();
      const asked = addMs(before, by);
      await remove(asked);
      await eventually(async () => (await receiptsOf(world.pool, devi.id)).length === 1, 'the receipt');
      const [receipt] = await receiptsOf(world.pool, devi.id);
      expect(receipt).toMatchObject({ scope, askedAt: asked, itemsLeft: 0 });
      expect(receipt!.verifiedAt >= asked && receipt!.verifiedAt >= before).toBe(true);
      expect(receipt!.publicCopiesExpireAt).toBe(addMs(receipt!.verifiedAt, world.config.PUBLIC_CACHE));
      expect(await devi.counts()).toEqual([]);
    },
  );
});
