import { readFileSync } from 'node:fs';
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

/** The timer that runs for a socket of this machine, as Linux's kernel tells it; 02 is the one of keep-alive. */
function timerOf(port: number): string | undefined {
  if (process.platform !== 'linux') return '02: not told here';
  const sockets = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return sockets.map((line) => line.trim().split(/\s+/)).find(([, local]) => portOf(local) === port)?.[5];
}
const portOf = (address = '') => Number.parseInt(address.split(':')[1] ?? '', 16);

async function settings(of: Pool): Promise<string[]> {
  const { rows } = await of.query<{ idle: string; lock: string; statement: string }>(
    `select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock,
       current_setting('statement_timeout') as statement`,
  );
  return [rows[0]!.idle, rows[0]!.lock, rows[0]!.statement];
}

test('no transaction is idle for longer than a minute; locks and statements take as long as the pool says', async () => {
  const limits = { lockTimeoutMs: 250, statementTimeoutMs: 500 };
  const impatient = createPool({ url: database.url, max: 1, applicationName: 'test', ...limits });
  const said = [await settings(pool), await settings(impatient)];
  await impatient.end();
  expect(said).toEqual([
    ['1min', '0', '0'],
    ['1min', '250ms', '500ms'],
  ]);
});

test('the server notices within half a minute that the wire to a program is dead', async () => {
  const { rows } = await pool.query(
    `select current_setting('tcp_keepalives_idle') as idle, current_setting('tcp_keepalives_interval') as every,
       current_setting('tcp_keepalives_count') as times`,
  );
  expect(rows).toEqual([{ idle: '10', every: '5', times: '3' }]);
});

test('and so does the program', async () => {
  const { rows } = await pool.query<{ port: number }>('select inet_client_port() as port');
  expect(timerOf(rows[0]!.port)).toMatch(/^02:/);
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
