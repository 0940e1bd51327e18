import { expect, test } from '@jest/globals';
import { migrate } from '../../src/db/migrate.ts';
import { createPool } from '../../src/db/pool.ts';
import { createDatabase } from '../support/database.ts';

test('several processes may bring one database up to date at once', async () => {
  const database = await createDatabase();
  const pool = createPool({ url: database.url, max: 1, applicationName: 'test' });
  await pool.query('drop schema public cascade; create schema public');

  const applied = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);

  expect(applied.filter((names) => names.length > 0)).toEqual([expect.arrayContaining(['0001_schema'])]);
  expect(await migrate(database.url)).toEqual([]);
  await pool.end();
  await database.drop();
});
