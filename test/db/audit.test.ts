import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordAudit } from '../../src/db/audit.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { AT, createDbWorld, sharingIn, type DbWorld } from './db-world.ts';

let world: DbWorld;
beforeAll(async () => {
  world = await createDbWorld();
});
afterAll(() => world.close());

const record = (subjectId: string, operationId?: string) => ({
  subjectKind: 'connection' as const,
  subjectId,
  action: 'connection.tested',
  actor: 'test',
  at: AT,
  ...(operationId !== undefined && { operationId }),
});
const errorOf = (act: Promise<unknown>) =>
  act.then(
    () => 'none',
    (error: { code: string }) => error.code,
  );
const UNIQUE_VIOLATION = '23505';
const INSUFFICIENT_PRIVILEGE = '42501';

describe('an audit record', () => {
  test('has a version of its own, higher than every earlier one', async () => {
    const subject = randomUUID();
    const first = await recordAudit(world.pool, record(subject));
    expect(await recordAudit(world.pool, record(subject))).toBeGreaterThan(first);
  });

  test('is one a subject and version, and one a subject and operation', async () => {
    const subject = randomUUID();
    const version = await recordAudit(world.pool, record(subject, 'once'));
    expect(await errorOf(recordAudit(world.pool, record(subject, 'once')))).toBe(UNIQUE_VIOLATION);
    const copy = `insert into audit (subject_kind, subject_id, version, action, actor, at)
      values ('connection', $1, $2, 'connection.tested', 'test', $3)`;
    expect(await errorOf(world.pool.query(copy, [subject, version, AT]))).toBe(UNIQUE_VIOLATION);
    await recordAudit(world.pool, record(randomUUID(), 'once'));
  });

  test.each([
    ['changed', `update audit set actor = 'another'`],
    ['dated back', `update audit set at = at - interval '1 day'`],
    ['removed', 'delete from audit'],
    ['removed with all others', 'truncate audit'],
    [
      'sealed with another content',
      `update audit set sealed_seq = id, hash = 'x', seal_key_id = 'a1', detail = '{"a": 1}'`,
    ],
    ['sealed without a hash', 'update audit set sealed_seq = id'],
  ])('is never %s', async (_, statement) => {
    await recordAudit(world.pool, record(randomUUID()));
    expect(await errorOf(world.pool.query(statement))).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test('is sealed once', async () => {
    const subject = randomUUID();
    await recordAudit(world.pool, record(subject));
    const seal = `update audit set sealed_seq = id, hash = $2, seal_key_id = 'a1' where subject_id = $1`;
    await world.pool.query(seal, [subject, Buffer.from('first')]);
    expect(await errorOf(world.pool.query(seal, [subject, Buffer.from('second')]))).toBe(INSUFFICIENT_PRIVILEGE);
    const { rows } = await world.pool.query('select hash from audit where subject_id = $1', [subject]);
    expect(rows).toEqual([{ hash: Buffer.from('first') }]);
  });

  test('goes when its transition is rolled back, and takes the transition with it when it cannot be written', async () => {
    const before = await states();
    const interrupted = inTransaction(world.pool, async (tx) => {
      await sharingIn(tx, world.instanceId, { type: 'switch', side: 'instance', on: false });
      throw new Error('interrupted');
    });
    expect(await errorOf(interrupted)).toBeUndefined();
    expect(await states()).toEqual(before);

    await world.pool.query(
      'create function refuse() returns trigger language plpgsql as $$ begin raise exception $m$no$m$; end $$',
    );
    await world.pool.query('create trigger refuse before insert on audit for each row execute function refuse()');
    expect(await errorOf(world.switchSide('instance', false))).toBe('P0001');
    await world.pool.query('drop trigger refuse on audit');
    expect(await states()).toEqual(before);
  });
});

async function states() {
  const { rows } = await world.pool.query(
    `select sharing_status, sharing_generation, gate_open, instance_side, (select count(*) from audit) as records,
       (select count(*) from intent) as intents, (select count(*) from outbox) as messages,
       (select count(*) from turning_off) as runs from instance`,
  );
  return rows;
}
