import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createActivities } from '../../src/activities/index.ts';
import * as db from '../../src/db/index.ts';
import { enqueue } from '../../src/db/outbox.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { dismiss } from '../../src/db/sightings.ts';
import type { ConnectionState } from '../../src/domain/connection.ts';
import { AT, createDbWorld, sharingIn, type DbWorld } from './db-world.ts';

let world: DbWorld;
beforeAll(async () => {
  world = await createDbWorld();
});
afterAll(() => world.close());

const messages = async (subjectId: string) =>
  (
    await world.pool.query('select event, address, dedupe_key from outbox where subject_id = $1 order by event', [
      subjectId,
    ])
  ).rows;

/** The last step of an opt-out, as its activity commits it. */
function removed(connectionId: string) {
  const next = {
    schemaVersion: 1,
    status: 'restorable',
    causes: ['opted_out'],
    consentVersion: '1',
  } as ConnectionState;
  const by = { operationId: 'removed/3', action: 'connection.counts_deleted', actor: 'system', asOf: AT };
  const activities = createActivities({ pool: world.pool, db, settings: {} } as never);
  return activities.commitConnectionStep({ connectionId, ...by, next, fence: 'none' });
}

test('a message is written by the very transaction that makes the transition', async () => {
  const devi = await world.sending();
  await removed(devi);
  const { rows } = await world.pool.query(
    `select a.xmin = o.xmin and c.xmin = o.xmin as same from outbox o join connection c on c.id = o.subject_id
     join audit a on a.subject_id = c.id and a.operation_id = 'removed/3' where o.subject_id = $1`,
    [devi],
  );
  expect(rows).toEqual([{ same: true }]);
});

test('everybody is told of their own, and nobody a second time when the step runs again', async () => {
  for (const developer of [await world.sending(), await world.sending()]) {
    const first = await removed(developer);
    expect(await removed(developer)).toEqual(first);
    expect(await messages(developer)).toMatchObject([{ event: 'connection.counts_deleted', address: 'person' }]);
  }
});

test('the same message goes to each address once', async () => {
  const subjectId = randomUUID();
  const message = { event: 'x', subjectKind: 'connection', subjectId, dedupeKey: subjectId, at: AT } as const;
  for (const address of ['person', 'operator', 'person']) await enqueue(world.pool, [{ ...message, address }]);
  expect(new Set((await messages(subjectId)).map((one) => one.address))).toEqual(new Set(['operator', 'person']));
});

test('a transition that is rolled back tells nobody', async () => {
  const interrupted = inTransaction(world.pool, async (tx) => {
    await sharingIn(tx, world.instanceId, { type: 'switch', side: 'instance', on: false });
    throw new Error('interrupted');
  });
  await expect(interrupted).rejects.toThrow('interrupted');
  expect(await messages(world.instanceId)).toEqual([]);
});

test('the end of sharing tells the site administrators, once a generation', async () => {
  const other = await world.elsewhere();
  await other.switchSide('instance', false);
  await other.switchSide('account', false);
  expect(await messages(other.instanceId)).toEqual([
    { event: 'sharing.turning_off', address: 'site_admins', dedupe_key: `turning-off/${other.instanceId}/1` },
  ]);
});

test('an instance whose people seem to turn all at once is told of once an hour', async () => {
  const id = randomUUID();
  for (const at of ['2027-03-01T12:01:00.000Z', '2027-03-01T12:59:00.000Z', '2027-03-01T13:01:00.000Z']) {
    await dismiss(world.pool, id, at, at);
  }
  expect(await messages(id)).toHaveLength(2);
});
