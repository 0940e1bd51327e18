import { execFile } from 'node:child_process';
import { statSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { seedDemo } from '../../demo/seed.ts';
import type { SeededStack } from '../../demo/seed-state.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import type { DemoLines } from '../../src/stack/welcome.ts';

let dataDir: string;
let stack: Stack;
let seeded: SeededStack;
let pool: Pool;
let lines: DemoLines;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'uc-seed-'));
  stack = await startStack({ dataDir, durable: false });
  seeded = { ...stack, peers: stack.peers! };
  pool = createPool({ url: stack.databaseUrl, max: 2, applicationName: 'test' });
  lines = await seedDemo(seeded, dataDir);
}, 60_000);
afterAll(async () => {
  await pool.end();
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, 30_000);

test('a new data folder has a demo in which Devi sends and her graph is public', async () => {
  const svg = /http\S+\.svg/.exec(lines.next.join('\n'))![0];
  const answer = await fetch(svg);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
  const { rows } = await pool.query(
    'select sharing_status, (select array_agg(status) from connection) as statuses from instance',
  );
  expect(rows).toEqual([{ sharing_status: 'on', statuses: ['sending'] }]);
});

test('every command that is printed works as it stands', async () => {
  const said = await pasted(lines.next);
  expect(said.filter((line) => !line.startsWith('{'))).toEqual(['set (204)']);
  const answers = said.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
  expect(answers).toMatchObject([
    { paused: false },
    { status: 'connecting' },
    { source: 'GitHub Enterprise Server', days: expect.any(Array) },
    { status: 'removing' },
    { connectionId: expect.any(String), items: expect.any(Array) },
    { causes: [] },
  ]);
});

test('its tokens are in a file that its owner alone reads', () => {
  expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600);
});

const tokens = async () => (await pool.query('select id from api_token order by id')).rows;

test('the next start prints the same and makes nothing anew', async () => {
  const before = await tokens();
  expect(await seedDemo(seeded, dataDir)).toEqual(lines);
  expect(await tokens()).toEqual(before);
});

test('an instance that moved to another port is found again', async () => {
  await pool.query(`update instance set base_url = 'http://127.0.0.1:1'`);
  await seedDemo(seeded, dataDir);
  expect((await pool.query('select base_url from instance')).rows).toEqual([{ base_url: seeded.peers.instance }]);
});

/** What a shell says to whoever pastes these lines into it. */
async function pasted(block: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('bash', ['-e', '-c', block.join('\n')]);
  return stdout.split('\n').filter((line) => line !== '');
}
