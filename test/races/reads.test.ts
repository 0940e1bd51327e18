import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { createWorld, type Developer, type World } from '../support/world.ts';

let world: World;
let devi: Developer;

/** One world for all that a description tests, and a developer of its own for each of its tests. */
function inOneWorld(): void {
  const keys = ['devi', 'farah', 'goran', 'ada', 'ines'];
  beforeAll(async () => {
    world = await createWorld();
    await world.switchOn();
  });
  beforeEach(async () => {
    devi = await world.sending(keys.shift()!);
  });
  afterAll(() => world.close());
}

const run = () =>
  world.client.workflow.start('contributionSync', {
    workflowId: `contribution-sync/${randomUUID()}`,
    taskQueue: world.config.TASK_QUEUE_SYNC,
    args: [{ settings: { buckets: 1, pageSize: 50, deadlineMs: 60_000, breakerPages: 3 }, trigger: 'test' }],
  });
/** Keeps the next answer about the developer from being sent; it was made already. */
const holdNext = () => world.peer.faults.hold({ who: devi.key, path: 'graphql', times: 1 });
const TODAY = utcDay(Date.now());
const says = (count: number) => world.peer.contributions.set(devi.key, TODAY, count);
const kept = async () => (await devi.counts()).find(({ date }) => date === TODAY)?.count;
async function windowOfSource() {
  const { from, to } = windowAt(await world.now());
  return world.peer.contributions.between(devi.key, from, to);
}
const standing = async () => ({
  seen: (await world.pool.query('select cause from sighting where connection_id = $1', [devi.id])).rows,
  failed: (await world.pool.query('select class from sync_failure where connection_id = $1', [devi.id])).rows,
});
const NOTHING = { seen: [], failed: [] };

describe('update now and the hourly page', () => {
  inOneWorld();

  test('a page whose answer is older and comes later leaves what the update wrote', async () => {
    says(101);
    const hold = holdNext();
    const hourly = await run();
    await hold.waiting();
    says(202);
    expect(await devi.updateNow()).toEqual({ outcome: 'written' });
    hold.release();
    await hourly.result();
    expect(await kept()).toBe(202);
  });

  test('an update whose answer is older and comes later leaves what the page wrote', async () => {
    says(101);
    const hold = holdNext();
    const update = devi.updateNow();
    await hold.waiting();
    says(202);
    await (await run()).result();
    expect(await kept()).toBe(202);
    hold.release();
    expect(await update).toEqual({ outcome: 'superseded' });
    expect(await kept()).toBe(202);
  });

  test('an update that is refused by the instance, after a later page was answered, is no sign of anything', async () => {
    world.peer.faults.add({ kind: 'unauthorized' }, { who: devi.key, times: 1 });
    const hold = holdNext();
    const update = devi.updateNow();
    await hold.waiting();
    says(202);
    await (await run()).result();
    hold.release();
    expect(await update).toEqual({ outcome: 'failed', failure: 'token_revoked' });
    expect([await kept(), await standing()]).toEqual([202, NOTHING]);
  });

  test('a page that is answered after an earlier update was refused writes all the same', async () => {
    world.peer.faults.add({ kind: 'unauthorized' }, { who: devi.key, times: 1 });
    const refused = holdNext();
    const update = devi.updateNow();
    await refused.waiting();
    says(202);
    const answered = holdNext();
    const next = await run();
    await answered.waiting();
    refused.release();
    await update;
    answered.release();
    await next.result();
    expect([await devi.counts(), await standing()]).toEqual([await windowOfSource(), NOTHING]);
  });
});

describe('somebody who leaves and comes back while a read is under way', () => {
  inOneWorld();

  async function leavesAndComesBack(): Promise<void> {
    await devi.optOut();
    await devi.until('restorable');
    await devi.reconnect();
    await devi.until('sending');
  }

  test('a page that is refused in the end says nothing of the life that it did not read', async () => {
    world.peer.faults.add({ kind: 'unauthorized' }, { who: devi.key, times: 1 });
    const hold = holdNext();
    const hourly = await run();
    await hold.waiting();
    await leavesAndComesBack();
    hold.release();
    await hourly.result();
    expect([await devi.counts(), await standing()]).toEqual([await windowOfSource(), NOTHING]);
  });

  test('a page that is answered in the end leaves what was restored', async () => {
    says(101);
    const hold = holdNext();
    const hourly = await run();
    await hold.waiting();
    says(202);
    await leavesAndComesBack();
    hold.release();
    await hourly.result();
    expect(await kept()).toBe(202);
  });

  test('an update that is refused in the end says nothing of the new life', async () => {
    world.peer.faults.add({ kind: 'unauthorized' }, { who: devi.key, times: 1 });
    const hold = holdNext();
    const update = devi.updateNow();
    await hold.waiting();
    await leavesAndComesBack();
    expect(await update).toEqual({ outcome: 'stale' });
    hold.release();
    await (await run()).result();
    expect([await devi.counts(), await standing()]).toEqual([await windowOfSource(), NOTHING]);
  });
});

describe('a user of the instance, while a page reads them,', () => {
  inOneWorld();

  test.each(['arrival', 'answer'] as const)('is renamed, at the %s: nothing changes', async (at) => {
    const hold = world.peer.faults.hold({ who: devi.key, path: 'graphql', times: 1 }, at);
    says(101);
    const hourly = await run();
    await hold.waiting();
    world.peer.people.rename(devi.key, `${devi.key}-new`);
    world.peer.people.rename('emil', `${devi.key}-of-today`);
    hold.release();
    await hourly.result();
    expect([await devi.counts(), await standing()]).toEqual([await windowOfSource(), NOTHING]);
  });

  test('gives their login to somebody else: each keeps their own counts', async () => {
    const emil = await world.sending('emil');
    const { login } = world.peer.people.get(devi.key);
    const aims = [devi, emil].map(({ key: who }) => ({ who, path: 'graphql' }));
    const holds = aims.map((aim) => world.peer.faults.hold(aim, 'arrival'));
    says(101);
    world.peer.contributions.set('emil', TODAY, 303);
    const hourly = await run();
    await Promise.all(holds.map((hold) => hold.waiting()));
    world.peer.people.rename(devi.key, `${devi.key}-new`);
    world.peer.people.rename('emil', login);
    for (const hold of holds) hold.release();
    await hourly.result();
    expect(await kept()).toBe(101);
    expect((await emil.counts()).find(({ date }) => date === TODAY)?.count).toBe(303);
  });

  test('is replaced by another one under the same id before the answer: nothing of the other one is written', async () => {
    const before = await devi.counts();
    const hold = world.peer.faults.hold({ who: devi.key, path: 'graphql', times: 1 }, 'arrival');
    says(101);
    const hourly = await run();
    await hold.waiting();
    world.peer.people.reuseId(devi.key, '2026-01-01T00:00:00Z');
    hold.release();
    await hourly.result();
    expect(await devi.counts()).toEqual(before);
    expect(await standing()).toEqual({ seen: [{ cause: 'gone' }], failed: [{ class: 'identity_mismatch' }] });
  });

  test('is replaced after the answer: that was still about the first one', async () => {
    const hold = holdNext();
    says(101);
    const hourly = await run();
    await hold.waiting();
    world.peer.people.reuseId(devi.key, '2026-01-01T00:00:00Z');
    hold.release();
    await hourly.result();
    expect([await kept(), await standing()]).toEqual([101, NOTHING]);
  });
});
