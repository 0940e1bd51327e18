import { describe, expect, test } from '@jest/globals';
import { Client, Pool } from 'pg';
import { createDatabase } from '../support/database.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';

describe('what every test file can use', () => {
  test('a database of its own that nobody else sees', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    const client = new Client({ connectionString: one.url });
    await client.connect();
    await client.query('create table mine (id int)');
    const { rows } = await client.query('select current_database() as name');
    await client.end();
    expect(one.url).toContain(rows[0].name);
    expect(other.url).not.toBe(one.url);
    await Promise.all([one.drop(), other.drop()]);
  });

  test('a pool that was left open is reported when its database is dropped', async () => {
    const database = await createDatabase();
    const pool = new Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
    await pool.query('select 42 as leaked');
    await expect(database.drop()).rejects.toThrow('select 42 as leaked');
    await pool.end();
  });

  test('a server whose clock skips 90 days', async () => {
    const environment = await timeSkippingEnv();
    const before = await environment.currentTimeMs();
    await environment.sleep('90 days');
    expect(await environment.currentTimeMs()).toBeGreaterThanOrEqual(before + 90 * 86_400_000);
    await environment.teardown();
  });
});
