import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { freePort } from '../../src/stack/ports.ts';
import { type Postgres, startPostgres } from '../../src/stack/postgres.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
let running: Postgres | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
  sandbox.clean();
});

describe('the embedded PostgreSQL', () => {
  test('keeps its data over a kill -9, even when a stranger has the pid in its postmaster.pid by then', async () => {
    const dataDir = sandbox.folder();
    running = await startPostgres({ dataDir, log: () => undefined });
    await query(running.url, 'create table kept as select 42 as answer');
    running.child.kill('SIGKILL');
    await running.child.exited;

    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    const { uid, gid } = statSync(join(dataDir, 'postgres'));
    const stranger = sandbox.stranger(process.getuid?.() === 0 ? { uid, gid } : {});
    writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(stranger.pid)));
    running = await start({ dataDir });
    expect(await query(running.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(stranger.exitCode).toBeNull();
  });

  test('writes durably unless told otherwise, and lets nobody in without its password', async () => {
    running = await startPostgres({ dataDir: sandbox.folder(), log: () => undefined });
    const settings =
      "select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by 1";
    expect(await query(running.url, settings)).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
    const guess = new URL(running.url);
    guess.password = 'guess';
    await expect(query(guess.href, 'select 1')).rejects.toThrow('password authentication failed');
  });

  test('names the setting to change when its port is taken', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    await expect(start({ dataDir: sandbox.folder(), port })).rejects.toThrow(
      `Port ${port} of 127.0.0.1, which PostgreSQL needs, cannot be used: stop the program that has it, or set POSTGRES_PORT to another port.`,
    );
    other.close();
  });
});

function start(options: { dataDir: string; port?: number }): Promise<Postgres> {
  return startPostgres({ ...options, durable: false, log: () => undefined });
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
