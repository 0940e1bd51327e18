import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { listRuns } from '../../src/db/sync-runs.ts';
import { addDays, addDaysTo, addMs, HOUR_MS, utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { upsertSchedule } from '../../src/temporal/schedule.ts';
import { createWorld, eventually, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ settings: { SYNC_SCHEDULE_ID: `sync-${randomUUID()}` } });
  await world.switchOn();
  await upsertSchedule(world.client, world.config);
});
afterAll(async () => {
  await schedule().delete();
  await world.close();
});
const schedule = () => world.client.schedule.getHandle(world.config.SYNC_SCHEDULE_ID);

test('hours that come a day late are one run, whose window is that of now and whole', async () => {
  const devi = await world.sending('devi');
  await schedule().pause('nothing but what was missed');
  // Only this file's: the ids of runs that were missed at the same hour would meet those of another.
  const workflowId = `contribution-${world.config.SYNC_SCHEDULE_ID}`;
  await schedule().update((previous) => ({ ...previous, action: { ...previous.action, workflowId } }));
  const now = await world.now();
  const [dayAgo, today] = [addDays(utcDay(now), -1), utcDay(now)];
  world.peer.contributions.set('devi', dayAgo, 77);
  world.peer.contributions.set('devi', today, 0);
  const hold = world.peer.faults.hold({ who: 'devi', path: 'graphql' });
  // As many as a server starts in one go; that it looks back for two hours only is in the Schedule's own test.
  const [start, end] = [addDaysTo(now, -1), addMs(addDaysTo(now, -1), 8 * HOUR_MS)].map((at) => new Date(at));
  const missed = { start: start!, end: end!, overlap: ScheduleOverlapPolicy.SKIP };
  await schedule().backfill(missed);
  await hold.waiting();
  const made = async () => {
    const { info } = await schedule().describe();

    return info.numActionsTaken + info.numActionsSkippedOverlap;
  };
  await eventually(async () => (await made()) >= 8, 'all that was missed is dealt with');
  hold.release();
  await eventually(async () => (await listRuns(world.pool, 10))[0]?.finishedAt != null, 'the run ends');

  const runs = await listRuns(world.pool, 10);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ instances: [{ outcome: 'finished', failed: 0 }] });
  // It is named after the first hour that was missed, and is otherwise of now.
  expect(Date.parse(runs[0]!.scheduledAt)).toBeLessThan(Date.parse(now) - 22 * 3_600_000);
  expect(runs[0]!.startedAt >= now).toBe(true);
  const { from, to } = windowAt(runs[0]!.startedAt);
  expect(await devi.counts()).toEqual(world.peer.contributions.between('devi', from, to));
  expect(await devi.counts()).toContainEqual({ date: dayAgo, count: 77 });
});
