import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { loadRepairConfig } from '../../src/config.ts';
import { loadConnection } from '../../src/db/connections.ts';
import { loadInstance } from '../../src/db/instances.ts';
import type { KeptReceipt } from '../../src/db/kept-receipts.ts';
import { addMs } from '../../src/domain/dates.ts';
import { reapplyDeletions } from '../../src/repair/reapply.ts';
import type { KeptLine } from '../../src/repair/told.ts';
import { AT, createDbWorld, WINDOW_MS, type DbWorld } from '../db/db-world.ts';

const day = (number: number) => addMs(AT, number * 86_400_000);

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
});
afterAll(() => connection.close());

let world: DbWorld;
let devi: string;
beforeEach(async () => {
  world = await createDbWorld();
  devi = await world.sending();
});
afterEach(() => world.close());

let seq = 0;
const receipt = (generation: number, askedOn: number, rest: Partial<KeptReceipt> = {}): KeptReceipt => ({
  seq: (seq += 1),
  id: randomUUID(),
  scope: 'connection',
  subjectId: devi,
  generation,
  cause: 'opted_out',
  askedAt: day(askedOn),
  verifiedAt: day(askedOn),
  itemsDeleted: 0,
  publicCopiesExpireAt: day(askedOn),
  endsIn: null,
  ...rest,
});
const off = (generation: number, askedOn: number): KeptReceipt =>
  receipt(generation, askedOn, {
    scope: 'instance',
    subjectId: world.instanceId,
    cause: 'sharing.account_side_disabled',
    endsIn: 'off',
  });

async function reapply(on: number, ...kept: KeptLine[]) {
  const { pool } = world;
  const queue = randomUUID();
  const config = loadRepairConfig({ TASK_QUEUE_PEOPLE: `people-${queue}`, TASK_QUEUE_SYNC: `sync-${queue}` });
  const deps = { pool, client: new Client({ connection }), config, clock: () => new Date(day(on)) };
  async function* lines() {
    yield kept;
  }
  return reapplyDeletions(deps, { lines: lines(), places: { receipt: seq, audit: seq } }, 'cli');
}
const row = async () => (await loadConnection(world.pool, devi))!;
const sharing = async () => (await loadInstance(world.pool, world.instanceId))!.sharing;

test('a link that had ended is erased again, though its owner opted out while they were switched off', async () => {
  expect(await reapply(95, receipt(3, 89), off(1, 0))).toMatchObject({ connections: { removed: 1 }, lapsed: 1 });
  expect(await row()).toMatchObject({ restoreUntil: day(90), erasedAt: day(95) });
});

test('whoever opted out after they had come back keeps their window, which no instance had ended', async () => {
  await reapply(95, receipt(5, 80), receipt(3, 0));
  expect(await row()).toMatchObject({ restoreUntil: addMs(day(80), WINDOW_MS), erasedAt: null });
});

test('whoever was switched off twice and never came back has the window of the first time', async () => {
  expect(await reapply(60, off(2, 50), off(1, 0))).toMatchObject({ instances: { turnedOff: 2 } });
  expect(await row()).toMatchObject({ restoreUntil: day(90), switchedOff: true });
  expect(await sharing()).toMatchObject({ status: 'off', generation: 2 });
});

test('access that was revoked and granted again in between is taken back where it was, and not at the end', async () => {
  const revoked: KeptLine = {
    seq: (seq += 1),
    withdrawal: 'sharing.revoked',
    subjectId: world.instanceId,
    generation: 1,
    at: day(1),
  };
  const kept = [revoked, off(1, 0), off(2, 50)];
  expect(await reapply(60, ...kept)).toMatchObject({ withdrawn: 1, instances: { turnedOff: 2 } });
  expect(await sharing()).toMatchObject({ status: 'off', generation: 2 });
  expect(await reapply(60, ...kept)).toMatchObject({ withdrawn: 0, instances: { turnedOff: 0 } });
  expect(await sharing()).toMatchObject({ status: 'off', generation: 2 });
});

test('a receipt that an earlier restore had put back is in the file twice, and counts once', async () => {
  const told = receipt(3, 0);
  expect(await reapply(1, told, { ...told, seq: (seq += 1) })).toMatchObject({
    receipts: { read: 2, putBack: 1 },
    connections: { removed: 1 },
  });
});
