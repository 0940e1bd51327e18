import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 1, applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** What a document tells an operator to run: blocks of SQL, without the commands of psql, and queries in the text. */
function sqlOf(file: string): string[] {
  const text = readFileSync(join('docs', file), 'utf8');
  const blocks = [...text.matchAll(/^ *```sql\n([\s\S]*?)```/gm)].map(([, block]) => block!.replace(/^\s*\\.*$/gm, ''));
  const inline = [...text.matchAll(/`(select [^`]+)`/g)].map(([, query]) => query!.replaceAll('\\|', '|'));
  return [...blocks, ...inline];
}

const documents = readdirSync('docs').filter((name) => name.endsWith('.md') && sqlOf(name).length > 0);

test.each(documents)('the SQL in %s fits the database', async (file) => {
  for (const sql of sqlOf(file)) {
    await expect(pool.query(`begin; ${sql.replace(/;\s*$/, '')}; rollback`)).resolves.toBeDefined();
  }
});

test('operations and privacy have SQL to run', () => {
  expect(documents).toEqual(expect.arrayContaining(['operations.md', 'privacy.md']));
});
