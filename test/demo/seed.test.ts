import { statSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const commands = lines.next.filter((line) => line.trimStart().startsWith('curl'));
  const answers: number[] = [];
  for (const command of commands) answers.push(await run(command));
  expect(answers).toEqual([204, 202, 201, 202, 200]);
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

/** A printed curl, done with fetch: its headers, its body, its address. @returns the status of the answer */
async function run(command: string): Promise<number> {
  const headers = [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]): [string, string] => [
    name!,
    value!,
  ]);
  const [, body] = /-d '([^']*)'/.exec(command)!;
  const answer = await fetch(command.split(' ').at(-1)!, { method: 'POST', headers, body: body! });
  await answer.arrayBuffer();
  return answer.status;
}
