import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { z } from 'zod';
import { isRunning, type ProcessIdentity } from '../../src/stack/process-identity.ts';
import { createSandbox, ended, firstLine } from './sandbox.ts';

const LAUNCHER = fileURLToPath(new URL('./launcher.ts', import.meta.url));
const ready = z.object({ ownerUrl: z.string(), peers: z.object({ instance: z.url(), github: z.url() }) });

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('a launcher', () => {
  test('that is killed with -9 leaves no child behind, and the next start finds its data and its ports', async () => {
    const dataDir = sandbox.folder();
    const first = launch(dataDir);
    const before = ready.parse(JSON.parse(await firstLine(first)));
    await query(before.ownerUrl, 'create table kept as select 42 as answer');
    const children = notedChildren(dataDir);
    expect(children).toHaveLength(3);
    expect(children.every(isRunning)).toBe(true);

    first.kill('SIGKILL');
    await ended(first);
    if (process.platform === 'linux') await allGone(children);

    const second = launch(dataDir);
    const after = ready.parse(JSON.parse(await firstLine(second)));
    expect(after).toEqual(before);
    expect(await query(after.ownerUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await allGone(children);

    const beside = await ended(launch(dataDir));
    expect(beside.code).not.toBe(0);
    expect(beside.output).toContain(`Process ${second.pid} already runs on ${dataDir}: stop it first`);

    const latest = notedChildren(dataDir);
    second.kill('SIGTERM');
    expect((await ended(second)).code).toBe(0);
    expect(latest.some(isRunning)).toBe(false);
  });
});

function launch(dataDir: string) {
  return sandbox.start(process.execPath, ['--import', 'tsx', LAUNCHER, dataDir]);
}

function notedChildren(dataDir: string): ProcessIdentity[] {
  const note = z.object({ pid: z.number(), startedAt: z.string() });
  const folder = join(dataDir, 'run');
  return readdirSync(folder).map((file) => note.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

async function allGone(children: ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (children.some(isRunning) && Date.now() < deadline) await delay(20);
  expect(children.filter(isRunning)).toEqual([]);
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
