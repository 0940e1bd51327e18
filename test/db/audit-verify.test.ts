import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sealedHead } from '../../src/db/audit-seal.ts';
import { verifyAudit, type Anchor } from '../../src/db/audit-verify.ts';
import { createAuditSeal } from '../../src/keys/audit-seal.ts';
import { newKey } from '../support/audit-seal.ts';
import { sealAll, tamper, writeRecord } from './audit-world.ts';
import { createDbWorld, type DbWorld } from './db-world.ts';

const [older, newer] = [newKey('a1'), newKey('a2')];
const seal = createAuditSeal(older);
let world: DbWorld;
let anchor: Anchor;
beforeEach(async () => {
  world = await createDbWorld();
  for (let n = 0; n < 8; n += 1) await writeRecord(world.pool, { n });
  await sealAll(world.pool, seal);
  const head = (await sealedHead(world.pool))!;
  anchor = { seq: head.seq, hash: head.hash.toString('hex') };
});
afterEach(() => world.close());

const faultIn = async (anchors: Anchor[] = [], by = seal) => (await verifyAudit(world.pool, by, anchors, 3)).fault;

describe('verifying', () => {
  test('finds nothing wrong with what nobody touched, and says how far it looked', async () => {
    expect(await verifyAudit(world.pool, seal, [anchor], 3)).toEqual({ head: await sealedHead(world.pool) });
  });

  test.each([
    ['who did it', `actor = 'another'`],
    ['when', `at = at + interval '1 microsecond'`],
    ['when it was written down', `recorded_at = recorded_at + interval '1 microsecond'`],
    ['to what', 'subject_id = gen_random_uuid()'],
    ['of which instance', 'instance_id = gen_random_uuid()'],
    ['what is said of it', `detail = '{"n": 5}'`],
    ['the operation', `operation_id = 'another'`],
    ['its transaction', `xact = '1'`],
    ['its hash', `hash = sha256('another')`],
  ])('finds a record of which %s was altered', async (_, change) => {
    await tamper(world.pool, `update audit set ${change} where sealed_seq = 7`);
    expect(await faultIn()).toEqual({ kind: 'altered', seq: 7 });
  });

  test('finds one that is missing', async () => {
    await tamper(world.pool, 'delete from audit where sealed_seq = 6');
    expect(await faultIn()).toEqual({ kind: 'missing', seq: 6 });
  });

  test('finds one that is missing also where the gap was closed', async () => {
    await tamper(
      world.pool,
      'delete from audit where sealed_seq = 6',
      'update audit set sealed_seq = sealed_seq + 1000 where sealed_seq > 6',
      'update audit set sealed_seq = sealed_seq - 1001 where sealed_seq > 1000',
    );
    expect(await faultIn()).toEqual({ kind: 'altered', seq: 6 });
  });

  test.each([
    [4, 5],
    [2, 9],
    [1, 3],
  ])('finds records %i and %i that changed places', async (one, other) => {
    await tamper(
      world.pool,
      `update audit set sealed_seq = 1000 where sealed_seq = ${one}`,
      `update audit set sealed_seq = ${one} where sealed_seq = ${other}`,
      `update audit set sealed_seq = ${other} where sealed_seq = 1000`,
    );
    expect(await faultIn()).toEqual({ kind: 'moved', seq: one });
  });

  test('finds a cut tail by an anchor, and only by one', async () => {
    await tamper(world.pool, `delete from audit where sealed_seq > ${anchor.seq - 2}`);
    expect(await faultIn()).toBeUndefined();
    expect(await faultIn([anchor])).toEqual({ kind: 'cut_off', seq: anchor.seq - 1, anchorSeq: anchor.seq });
  });

  test('finds a tail that was cut off and grew again', async () => {
    await tamper(world.pool, `delete from audit where sealed_seq > ${anchor.seq - 2}`);
    for (let n = 0; n < 4; n += 1) await writeRecord(world.pool);
    await sealAll(world.pool, seal);
    expect(await faultIn()).toBeUndefined();
    expect(await faultIn([anchor])).toEqual({ kind: 'anchor_differs', seq: anchor.seq });
  });

  test('proves older records by the older key after it was changed, and not without it', async () => {
    await writeRecord(world.pool);
    await sealAll(world.pool, createAuditSeal(`${newer},${older}`));
    expect((await sealedHead(world.pool))!.keyId).toBe('a2');
    expect(await faultIn([anchor], createAuditSeal(`${newer},${older}`))).toBeUndefined();
    expect(await faultIn([anchor], createAuditSeal(newer))).toEqual({ kind: 'unknown_key', seq: 1, keyId: 'a1' });
  });

  test('is not deceived by whoever seals with a key of their own', async () => {
    await tamper(
      world.pool,
      `update audit set sealed_seq = null, hash = null, seal_key_id = null where sealed_seq > 3`,
    );
    await sealAll(world.pool, createAuditSeal(newKey('a1')));
    expect(await faultIn()).toEqual({ kind: 'altered', seq: 4 });
  });
});
