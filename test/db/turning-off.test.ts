import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { insertConnection } from '../../src/db/connections.ts';
import { insertInstance } from '../../src/db/instances.ts';
import { applySharing } from '../../src/db/sharing.ts';
import { ledger } from '../../src/db/ledger.ts';
import { createPool, inTransaction, type Pool } from '../../src/db/pool.ts';
import { loadTurningOff, rewind, turnOffBatch, verifyBatch } from '../../src/db/turning-off.ts';
import type { SharingCommand } from '../../src/domain/sharing.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const DAY = 86_400_000;
const AT = '2027-03-01T10:00:00.000Z';

let database: TestDatabase;
let pool: Pool;
let instanceId: string;

beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 2, applicationName: 'test' });
  instanceId = randomUUID();
  const accountId = randomUUID();
  await pool.query(`insert into account (id, kind, slug) values ($1, 'organization', 'acme')`, [accountId]);
  await insertInstance(pool, {
    id: instanceId,
    hostname: 'ghes.acme.example',
    kind: 'ghes',
    baseUrl: 'https://ghes.acme.example',
    accountId,
    allowHttpLoopback: false,
  });
  await sharing({ type: 'approve' });
  await sharing({ type: 'switch', side: 'instance', on: true });
  await sharing({ type: 'switch', side: 'account', on: true });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function sharing(command: SharingCommand) {
  const settings = { connectGraceMs: DAY, connectLooks: 3 };
  const act = { command, actor: 'test', at: AT, operationId: randomUUID(), settings };
  return inTransaction(pool, (tx) => applySharing(tx, instanceId, act));
}

async function connected(userId: number): Promise<string> {
  const id = randomUUID();
  const profileId = randomUUID();
  await pool.query('insert into profile (id, github_user_id) values ($1, $2)', [profileId, userId]);
  const token = { ciphertext: Buffer.from('x'), keyId: 'k1', refreshCiphertext: null, expiresAt: null };
  const person = { sourceUserId: userId, sourceCreatedAt: '2020-01-01T00:00:00Z', profileId };
  const by = { actor: 'test', operationId: randomUUID(), asOf: AT };
  await inTransaction(pool, (tx) => insertConnection(tx, { id, instanceId, ...person, token, ...by }));
  await counts(id);
  return id;
}

const counts = (connectionId: string) =>
  ledger.put(pool, [
    {
      connectionId,
      generation: 1,
      readNumber: 1,
      source: 'GitHub Enterprise Server',
      days: [{ date: '2027-02-27', count: 3 }],
    },
  ]);

test('a count that the verification still finds is deleted by a second pass, and the sum tells of both', async () => {
  const ids = [await connected(1), await connected(2), await connected(3)];
  const { sharing: off } = await sharing({ type: 'switch', side: 'instance', on: false });
  const run = [pool, instanceId, off.generation] as const;
  const deleteAll = async () => {
    while (await turnOffBatch(...run, 2, 90 * DAY));
  };
  await deleteAll();
  await counts(ids[0]!);
  const verify = () => verifyBatch(pool, instanceId, off.generation, null, 10);
  expect((await verify()).left).toBe(1);
  await deleteAll();
  expect((await verify()).left).toBe(1);
  await rewind(...run);
  await deleteAll();
  expect((await verify()).left).toBe(0);
  expect(await loadTurningOff(...run)).toMatchObject({ itemsDeleted: 4, connectionsDone: 3, cohort: 3 });
});
