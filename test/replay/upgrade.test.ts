import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { sharingWorkflowId } from '../../src/workflows/ids.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type World } from '../support/world.ts';
import { oldBundle } from './bundles.ts';
import type { History } from './histories.ts';
import { replay } from './replay.ts';

const DAY = 86_400_000;

let env: TestWorkflowEnvironment;
let world: World;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uc-old-'));
  env = await timeSkippingEnv();
  world = await createWorld({ env, bundlePath: await oldBundle(folder) });
  await world.switchOn();
}, 120_000);
afterEach(async () => {
  await world.close();
  await env.teardown();
  rmSync(folder, { recursive: true, force: true });
});

/** Turns off, and waits until only the 90 days are left. */
async function turnOff(): Promise<string> {
  const { sharing } = await world.switchOff();
  const workflowId = sharingWorkflowId(world.instanceId, sharing.generation);
  await eventually(async () => summaries(await historyOf(workflowId)).length === 1, 'it waits for the window');
  return workflowId;
}

const historyOf = (workflowId: string): Promise<History> => world.client.workflow.getHandle(workflowId).fetchHistory();

const summaries = ({ events }: History): string[] =>
  events!.flatMap((event) => (event.timerStartedEventAttributes ? [String(event.userMetadata?.summary?.data)] : []));

/** How long its one timer was asked to take, and took. */
function timerOf({ events }: History): { asked: number; took: number } {
  const started = events!.find((event) => event.timerStartedEventAttributes)!;
  const fired = events!.find((event) => event.timerFiredEventAttributes)!;
  const ms = (time: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
    Number(time!.seconds) * 1000 + (time!.nanos ?? 0) / 1e6;
  return {
    asked: ms(started.timerStartedEventAttributes!.startToFireTimeout),
    took: ms(fired.eventTime) - ms(started.eventTime),
  };
}

const attributesOf = async (workflowId: string) =>
  (await world.client.workflow.getHandle(workflowId).describe()).searchAttributes;

async function replaysWithPresentCode(workflowId: string): Promise<Record<string, string>> {
  const recorded = { name: workflowId, version: '', workflow: 'turningOff', state: '', text: '' };
  return replay({ codePath: await workflowBundle(cacheFolder()) }, [
    { ...recorded, history: await historyOf(workflowId) },
  ]);
}

test('a run that began under the old code keeps its timer over the upgrade, and does what is new from there on', async () => {
  const devi = await world.sending('devi');
  const workflowId = await turnOff();
  expect(await devi.counts()).toEqual([]);
  await world.sleep('30 days');
  await world.upgrade();
  await world.sleep('30 days');
  // It waits still, and nobody told operators when it began to.
  expect(await attributesOf(workflowId)).toEqual({});
  await world.sleep('31 days');
  expect(await world.client.workflow.getHandle(workflowId).result()).toEqual({ erased: 1 });
  const history = await historyOf(workflowId);
  expect(summaries(history)).toHaveLength(1);
  const { asked, took } = timerOf(history);
  expect(asked).toBeGreaterThan(90 * DAY - 60_000);
  expect(Math.abs(took - asked)).toBeLessThan(1000);
  expect(await attributesOf(workflowId)).toMatchObject({ UcStatus: ['ended'], UcInstance: [world.instanceId] });
  // Half old and half new, it can be replayed all the same.
  expect(await replaysWithPresentCode(workflowId)).toEqual({});
}, 120_000);

test('a run that begins after the upgrade does what is new from the start', async () => {
  await world.upgrade();
  await world.sending('devi');
  const workflowId = await turnOff();
  const askedAt = async () => (await world.pool.query('select asked_at from turning_off')).rows[0].asked_at as Date;
  const ends = new Date((await askedAt()).getTime() + 90 * DAY);
  expect(await attributesOf(workflowId)).toMatchObject({
    UcStatus: ['restorable'],
    UcDueAt: [ends],
    UcInstance: [world.instanceId],
  });
  await world.sleep('91 days');
  await world.client.workflow.getHandle(workflowId).result();
  expect(await attributesOf(workflowId)).toMatchObject({ UcStatus: ['ended'] });
  expect(await replaysWithPresentCode(workflowId)).toEqual({});
}, 120_000);
