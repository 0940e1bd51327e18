import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RECORD_FIELDS, sealedHead, unsealedSeconds } from '../../src/db/audit-seal.ts';
import { createAuditSeal } from '../../src/keys/audit-seal.ts';
import { newKey } from '../support/audit-seal.ts';
import { sealAll, sealedSubjects, sealOnce, writeRecord } from './audit-world.ts';
import { createDbWorld, type DbWorld } from './db-world.ts';
import { held } from './held.ts';

const seal = createAuditSeal(newKey('a1'));
let world: DbWorld;
beforeEach(async () => {
  world = await createDbWorld();
  await sealAll(world.pool, seal);
});
afterEach(() => world.close());

const places = async () =>
  (
    await world.pool.query<{ seq: number }>(
      'select sealed_seq as seq from audit where sealed_seq is not null order by 1',
    )
  ).rows.map((row) => row.seq);

describe('sealing', () => {
  test('gives committed records places without a gap, a batch at a time', async () => {
    const before = (await sealedHead(world.pool))!.seq;
    for (let n = 0; n < 5; n += 1) await writeRecord(world.pool);
    await sealAll(world.pool, seal);
    expect(await places()).toEqual(Array.from({ length: before + 5 }, (_, n) => n + 1));
  });

  test('takes no more at once than it is told to', async () => {
    for (let n = 0; n < 5; n += 1) await writeRecord(world.pool);
    const before = (await sealedHead(world.pool))!.seq;
    while ((await sealOnce(world.pool, seal, 2)) === 0);
    expect((await sealedHead(world.pool))!.seq).toBeLessThanOrEqual(before + 2);
  });

  test('never passes a record whose transaction is still open, and takes it first when it commits', async () => {
    const sealed = await sealedSubjects(world.pool);
    const early = await held(world.as('early'), (tx) => writeRecord(tx));
    const late = await writeRecord(world.pool);
    expect(await sealOnce(world.pool, seal)).toBe(0);
    expect(await sealedSubjects(world.pool)).toEqual(sealed);
    await early.commit();
    await sealAll(world.pool, seal);
    expect(await sealedSubjects(world.pool)).toEqual([...sealed, early.value, late]);
  });

  test('leaves out what is rolled back, and leaves no gap for it', async () => {
    await world.as('undone').query(`begin; select nextval(pg_get_serial_sequence('audit', 'id')); rollback`);
    const kept = await writeRecord(world.pool);
    await sealAll(world.pool, seal);
    const all = await places();
    expect(all).toHaveLength(all.at(-1)!);
    expect((await sealedSubjects(world.pool)).at(-1)).toBe(kept);
  });

  test('goes on after a dump was restored on a server whose transactions have lower numbers', async () => {
    await world.pool.query(
      `insert into audit (subject_kind, subject_id, version, action, actor, at, xact)
       values ('token', gen_random_uuid(), nextval('projection_version'), 'token.created', 'test', now(), '9000000000000')`,
    );
    await sealAll(world.pool, seal);
    expect(await unsealedSeconds(world.pool)).toBeUndefined();
  });

  test('covers every field of a record', async () => {
    const { rows } = await world.pool.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'audit'`,
    );
    const covered = [...Object.keys(RECORD_FIELDS), 'sealed_seq', 'seal_key_id', 'hash'];
    expect(rows.map((row) => row.name).toSorted()).toEqual(covered.toSorted());
  });

  test('tells how long the oldest record waits', async () => {
    expect(await unsealedSeconds(world.pool)).toBeUndefined();
    await writeRecord(world.pool);
    expect(await unsealedSeconds(world.pool)).toBeGreaterThanOrEqual(0);
  });
});
