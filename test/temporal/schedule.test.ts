import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { loadConfig, type Config } from '../../src/config.ts';
import { upsertSchedule } from '../../src/temporal/schedule.ts';

let connection: Connection;
let client: Client;
let config: Config;

beforeAll(async () => {
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection.close();
});
beforeEach(() => {
  config = settings({});
});

function settings(changes: Record<string, string>): Config {
  return loadConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1/none',
    TOKEN_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    SYNC_SCHEDULE_ID: `sync-${randomBytes(4).toString('hex')}`,
    ...changes,
  });
}

const describeIt = () => client.schedule.getHandle(config.SYNC_SCHEDULE_ID).describe();

test('the first worker creates the hourly Schedule', async () => {
  expect(await upsertSchedule(client, config)).toBe('created');
  const { spec, policies, state } = await describeIt();
  expect(spec.intervals).toMatchObject([{ every: 3_600_000 }]);
  expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 7_200_000, pauseOnFailure: false });
  expect(state.paused).toBe(false);
});

test('a worker that starts again keeps it paused, with the note why', async () => {
  await upsertSchedule(client, config);
  await client.schedule.getHandle(config.SYNC_SCHEDULE_ID).pause('the instance moves house');
  expect(await upsertSchedule(client, { ...config, SYNC_EVERY: 7_200_000 })).toBe('updated');
  const { spec, state } = await describeIt();
  expect(spec.intervals).toMatchObject([{ every: 7_200_000 }]);
  expect(state).toMatchObject({ paused: true, note: 'the instance moves house' });
});

test('an older release leaves a newer Schedule as it is', async () => {
  await upsertSchedule(client, config, 2);
  expect(await upsertSchedule(client, { ...config, SYNC_EVERY: 7_200_000 }, 1)).toBe('newer');
  expect((await describeIt()).spec.intervals).toMatchObject([{ every: 3_600_000 }]);
});

test('an update carries its own release, so that the one after it can tell', async () => {
  await upsertSchedule(client, config, 1);
  expect(await upsertSchedule(client, config, 2)).toBe('updated');
  expect(await upsertSchedule(client, config, 1)).toBe('newer');
});
