import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sealedHead } from '../../src/db/audit-seal.ts';
import { keptHorizon } from '../../src/db/kept-horizon.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { prepareApplicationRole } from '../../src/db/roles.ts';
import { createAuditSeal } from '../../src/keys/audit-seal.ts';
import { newKey } from '../support/audit-seal.ts';
import { sealAll, writeRecord } from './audit-world.ts';
import { createDbWorld, type DbWorld } from './db-world.ts';

const role = `application ${randomBytes(4).toString('hex')}`;
const seal = createAuditSeal(newKey('a1'));
let world: DbWorld;
let application: Pool;
beforeAll(async () => {
  world = await createDbWorld();
  const url = as(role, 'pass:word@/ä');
  await Promise.all([prepareApplicationRole(world.url, url), prepareApplicationRole(world.url, url)]);
  application = createPool({ url, max: 2, applicationName: 'application' });
});
afterAll(async () => {
  await application.end();
  await world.pool.query(`drop owned by "${role}"`);
  await world.pool.query(`drop role "${role}"`);
  await world.close();
});

function as(username: string, password: string): string {
  const url = new URL(world.url);
  [url.username, url.password] = [encodeURIComponent(username), encodeURIComponent(password)];
  return url.href;
}

const refusalOf = (statement: string) =>
  application.query(statement).then(
    () => 'none',
    (error: { message: string }) => error.message,
  );

describe('the role that API and worker run as', () => {
  test('writes, reads and seals audit records', async () => {
    await writeRecord(application);
    await sealAll(application, seal);
    expect((await sealedHead(application))!.keyId).toBe('a1');
    expect((await keptHorizon(application)).audit).toBeGreaterThan(0);
  });

  test.each([
    `update audit set actor = 'another'`,
    `update audit set detail = detail`,
    'delete from audit',
    'truncate audit',
    'begin; lock table audit in exclusive mode',
  ])('may not, by its privileges alone: %s', async (statement) => {
    // The trigger's own words are others.
    expect(await refusalOf(statement)).toMatch(/^permission denied for table audit$/);
  });

  test.each([
    'alter table audit disable trigger audit_append_only',
    'drop trigger audit_append_only on audit',
    'drop table audit',
    'alter table audit drop column hash',
    'create rule silent as on insert to audit do instead nothing',
    'create index on audit (hash)',
    'create or replace function audit_append_only() returns trigger language sql as $$$$',
    'create trigger mine before insert on audit for each row execute function audit_append_only()',
  ])('may not, for it does not own the table: %s', async (statement) => {
    expect(await refusalOf(statement)).toMatch(
      /^(must be owner of|permission denied for|SQL function|trigger functions)/,
    );
  });

  test.each([
    'set session_replication_role = replica',
    'set role postgres',
    'create table mine (id int)',
    'create role another',
    `update migration set name = 'another'`,
  ])('gets nothing more by: %s', async (statement) => {
    expect(await refusalOf(statement)).toMatch(/^permission denied/);
  });

  test('grants itself nothing', async () => {
    // A grant of what one does not have is a warning to PostgreSQL.
    expect(await refusalOf(`grant update on audit to "${role}"`)).toBe('none');
    expect(await refusalOf('update audit set at = at')).toMatch(/^permission denied/);
  });

  test('does with every other table what it has to', async () => {
    const { rows } = await world.pool.query<{ name: string; granted: string[] }>(
      `select table_name as name, array_agg(privilege_type::text order by privilege_type) as granted
       from information_schema.role_table_grants where grantee = $1 group by 1 order by 1`,
      [role],
    );
    const tables = await world.pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(rows).toHaveLength(tables.rows.length);
    const ALL = ['DELETE', 'INSERT', 'SELECT', 'UPDATE'];
    const others: Record<string, string[]> = { audit: ['INSERT', 'SELECT'], migration: ['SELECT'] };
    for (const { name, granted } of rows) expect([name, granted]).toEqual([name, others[name] ?? ALL]);
  });

  test('is refused where it is the owner itself, or has to be made and has no password', async () => {
    await expect(prepareApplicationRole(world.url, world.url)).rejects.toThrow(/is a superuser or owns the tables/);
    await expect(prepareApplicationRole(world.url, as(`${role} 2`, ''))).rejects.toThrow(/no password/);
  });
});
