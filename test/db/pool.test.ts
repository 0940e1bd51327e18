import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createPool, inTransaction, type Pool } from '../../src/db/pool.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Pool;
beforeEach(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 2, applicationName: 'test' });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

async function settings(of: Pool): Promise<string[]> {
  const { rows } = await of.query<{ idle: string; lock: string }>(
    `select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock`,
  );
  return [rows[0]!.idle, rows[0]!.lock];
}

test('no transaction is idle for longer than a minute; locks are waited for as long as the pool says', async () => {
  const impatient = createPool({ url: database.url, max: 1, applicationName: 'test', lockTimeoutMs: 250 });
  const said = [await settings(pool), await settings(impatient)];
  await impatient.end();
  expect(said).toEqual([
    ['1min', '0'],
    ['1min', '250ms'],
  ]);
});

test('a transaction that the server cuts while it is idle fails by itself, and the pool goes on', async () => {
  const cut = inTransaction(pool, async (tx) => {
    await tx.query(`set local idle_in_transaction_session_timeout = '20ms'`);
    await new Promise((resolve) => tx.once('end', resolve));
    return tx.query('select 1');
  });
  await expect(cut).rejects.toThrow('not queryable');
  expect((await pool.query('select 1')).rowCount).toBe(1);
  expect(pool.totalCount).toBe(1);
});
