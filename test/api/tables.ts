import { expect } from '@jest/globals';
import type { Pool } from '../../src/db/pool.ts';

/** What is kept beside the product's facts: keys of requests, and roles as they were last read. */
const HOUSEKEEPING = ['idempotency', 'admin_proof', 'migration', 'rate_limit'];

/** Every row of every table, as a number of rows and a digest a table. When an intent reached its workflow is housekeeping too. */
export async function allTables(pool: Pool): Promise<Record<string, string>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> all ($1) order by table_name`,
    [HOUSEKEEPING],
  );
  const counted = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*) || ' ' || md5(coalesce(string_agg(fact, e'\\n' order by fact), '')) as content
       from (select (to_jsonb(t) - 'delivered_at')::text as fact from ${name} t) as facts`,
  );
  const { rows } = await pool.query<{ name: string; content: string }>(counted.join(' union all '));
  return Object.fromEntries(rows.map(({ name, content }) => [name, content]));
}

/** Nothing of the product's facts has changed since. */
export async function expectUnchanged(pool: Pool, before: Record<string, string>): Promise<void> {
  expect(await allTables(pool)).toEqual(before);
}

/** Nothing of the product's facts is changed by what `act` does. */
export async function changesNothing<T>(pool: Pool, act: () => Promise<T>): Promise<T> {
  const before = await allTables(pool);
  const result = await act();
  await expectUnchanged(pool, before);
  return result;
}

/** Every table with rows in which any of these patterns stands, rows as JSON. */
export async function tablesWith(pool: Pool, texts: string[]): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rowCount } = await pool.query(`select 1 from ${name} t where to_jsonb(t)::text ~ $1 limit 1`, [
      texts.join('|'),
    ]);
    if (rowCount) found.push(name);
  }
  return found.toSorted((a, b) => a.localeCompare(b));
}
