import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../src/config.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { findTemporalBinary, startTemporal, type Temporal } from '../../src/stack/temporal.ts';
import { upsertSchedule } from '../../src/temporal/schedule.ts';
import { eventually } from '../support/eventually.ts';

/** The least that a server takes as a window in which it catches up. */
const LEAST_WINDOW_MS = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'uc-away-'));
let temporal: Temporal;
let connection: Connection;
let client: Client;

async function start(): Promise<void> {
  const log = () => undefined;
  const binary = await findTemporalBinary({ cacheDir: cacheFolder(), log });
  temporal = await startTemporal({ binary, namespace: 'default', dbFile: join(folder, 'temporal.db'), log });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
}
async function stop(): Promise<void> {
  await connection.close();
  await temporal.stop();
}
beforeAll(start, 60_000);
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A Schedule as a worker makes it, but of seconds instead of hours. */
const config = (id: string) =>
  loadConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
    TOKEN_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    SYNC_SCHEDULE_ID: id,
    SYNC_EVERY: '1s',
    SYNC_JITTER: '0ms',
  });

async function counted(id: string) {
  const { info } = await client.schedule.getHandle(id).describe();
  const { numActionsTaken, numActionsSkippedOverlap, numActionsMissedCatchupWindow: missed } = info;
  return { dealtWith: numActionsTaken + numActionsSkippedOverlap, missed };
}

test('what the server itself missed is one run when it is back, and what is older than the window is let go', async () => {
  const shorter = client.schedule.getHandle('shorter');
  for (const id of ['ours', 'shorter']) await upsertSchedule(client, config(id));
  await shorter.update((previous) => ({
    ...previous,
    action: { ...previous.action, workflowId: 'shorter' },
    policies: { ...previous.policies, catchupWindow: LEAST_WINDOW_MS },
  }));
  // Nobody works: the first run stays open, as one would that takes longer than an hour.
  const began = async () => (await counted('ours')).dealtWith > 0 && (await counted('shorter')).dealtWith > 0;
  await eventually(began, 'both have begun');
  const before = await counted('ours');
  await stop();
  const stopped = Date.now();
  const away = () => Math.floor((Date.now() - stopped) / 1000);
  await eventually(async () => Date.now() - stopped > LEAST_WINDOW_MS + 4000, 'it is away for longer', 30_000);
  const seconds = away();
  await start();
  // Ours looks back for two hours.
  await eventually(async () => (await counted('ours')).dealtWith >= before.dealtWith + seconds, 'all is dealt with');
  expect((await counted('ours')).missed).toBe(0);
  await eventually(async () => (await counted('shorter')).missed > 0, 'what is older is let go');
  const { info } = await client.schedule.getHandle('ours').describe();
  expect(info.runningActions).toHaveLength(1);
  expect(info.numActionsTaken).toBe(1);
}, 90_000);
