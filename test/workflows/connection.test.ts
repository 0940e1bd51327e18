import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { receiptsOf } from '../../src/db/removals.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import { windowAt } from '../../src/domain/window.ts';
import { connectionWorkflowId, sharingWorkflowId } from '../../src/workflows/ids.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';
import { createWorld, eventually, type Developer, type World } from '../support/world.ts';

let env: TestWorkflowEnvironment;
let world: World;

// A server for each test: what one test leaves behind would wake up in the time of the next.
beforeEach(async () => {
  env = await timeSkippingEnv();
  world = await createWorld({ env });
  await world.switchOn();
});
afterEach(async () => {
  await world.close();
  await env.teardown();
});

async function windowOfSource(key: string): Promise<{ date: string; count: number }[]> {
  const { from, to } = windowAt(await world.now());
  return world.peer.contributions.between(key, from, to);
}

/** The days of which a read some hours ago and one of now say the same: somewhere a day has begun since. */
async function past<Day extends { date: string }>(days: Promise<Day[]>): Promise<Day[]> {
  const today = utcDay(await world.now());
  return (await days).filter(({ date }) => date < today);
}

async function refusedWith(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'accepted',
    (error: Error & { cause?: { type?: string } }) => error.cause?.type ?? error.message,
  );
}

const ended = (developer: Developer) =>
  eventually(async () => {
    const { status } = await world.client.workflow.getHandle(connectionWorkflowId(developer.id)).describe();
    return status.name === 'COMPLETED';
  }, 'the workflow ends');

describe('a connection', () => {
  test('connecting sends nothing; the tick sends exactly the window of the source', async () => {
    const devi = await world.connect('devi');
    await devi.until('connected');
    expect(await devi.counts()).toEqual([]);
    expect(await devi.send()).toMatchObject({ status: 'sending' });
    await eventually(async () => (await devi.counts()).length > 0, 'the first counts');
    expect(await devi.counts()).toEqual(await windowOfSource('devi'));
  });

  test('an opt-out deletes every count, verifies it and leaves a receipt', async () => {
    const devi = await world.sending('devi');
    const before = (await devi.counts()).length;
    await devi.optOut();
    await devi.until('restorable');
    expect(await devi.counts()).toEqual([]);
    expect(await receiptsOf(world.pool, devi.id)).toMatchObject([
      { scope: 'connection', cause: 'opted_out', itemsDeleted: before, itemsLeft: 0 },
    ]);
  });

  test('coming back restores the past 90 days by reading the source again, and nothing older', async () => {
    const devi = await world.sending('devi');
    const old = addDays(utcDay(await world.now()), -91);
    world.peer.contributions.set('devi', old, 7);
    await devi.optOut();
    await devi.until('restorable');
    const changed = addDays(utcDay(await world.now()), -5);
    world.peer.contributions.set('devi', changed, 33);
    expect(await devi.reconnect()).toMatchObject({ status: 'restoring' });
    await devi.until('sending');
    const counts = await devi.counts();
    expect(counts).toEqual(await windowOfSource('devi'));
    expect(counts).toContainEqual({ date: changed, count: 33 });
    expect(counts.map((day) => day.date)).not.toContain(old);
  });

  test('after 90 days without coming back the link is erased and its receipt is kept', async () => {
    const devi = await world.sending('devi');
    await devi.optOut();
    await devi.until('restorable');
    await world.sleep('91 days');
    await ended(devi);
    const left = await world.pool.query('select 1 from connection_person where connection_id = $1', [devi.id]);
    const token = await world.pool.query('select 1 from connection_token where connection_id = $1', [devi.id]);
    expect([left.rowCount, token.rowCount, await devi.status()]).toEqual([0, 0, 'ended']);
    expect(await receiptsOf(world.pool, devi.id)).toHaveLength(1);
  });

  test('whoever comes back within the window is not erased at its old end', async () => {
    const devi = await world.sending('devi');
    await devi.optOut();
    await devi.until('restorable');
    await world.sleep('80 days');
    await devi.reconnect();
    await devi.until('sending');
    await world.sleep('20 days');
    expect(await devi.status()).toBe('sending');
    const kept = await world.pool.query('select 1 from connection_person where connection_id = $1', [devi.id]);
    expect(kept.rowCount).toBe(1);
  });

  test('forget erases the link at once and the counts with a receipt', async () => {
    const devi = await world.sending('devi');
    await devi.forget();
    const link = await world.pool.query('select 1 from connection_person where connection_id = $1', [devi.id]);
    expect(link.rowCount).toBe(0);
    await ended(devi);
    expect(await devi.counts()).toEqual([]);
    expect(await devi.status()).toBe('ended');
    expect(await receiptsOf(world.pool, devi.id)).toMatchObject([{ cause: 'forgotten', itemsLeft: 0 }]);
  });

  test('while counts are deleted nobody is told that they are gone', async () => {
    const devi = await world.sending('devi');
    const blocker = await world.pool.connect();
    await blocker.query('begin');
    await blocker.query('select 1 from ledger where connection_id = $1 for update', [devi.id]);
    await devi.optOut();
    await devi.until('removing');
    expect(await receiptsOf(world.pool, devi.id)).toEqual([]);
    expect(await refusedWith(devi.reconnect())).toBe('removing');
    const before = await world.now();
    await blocker.query('rollback');
    blocker.release();
    await devi.until('restorable');
    const [receipt] = await receiptsOf(world.pool, devi.id);
    // Not when the deletion began, which may be long before it could be done.
    expect(Date.parse(receipt!.verifiedAt)).toBeGreaterThanOrEqual(Date.parse(before));
  });

  test('update now is taken once in five minutes', async () => {
    const devi = await world.sending('devi');
    expect(await devi.updateNow()).toEqual({ outcome: 'written' });
    expect(await refusedWith(devi.updateNow())).toBe('update_too_soon');
    await world.sleep('6 minutes');
    expect(await devi.updateNow()).toEqual({ outcome: 'written' });
  });

  test('several updates at the same time are one', async () => {
    const devi = await world.sending('devi');
    const answers = await Promise.all([1, 2, 3, 4].map(() => refusedWith(devi.updateNow())));
    expect(answers.toSorted()).toEqual(['accepted', ...Array<string>(3).fill('update_too_soon')]);
  });

  test('an opt-out waits for no instance: what an update still reads is not waited for', async () => {
    const devi = await world.sending('devi');
    const hold = world.peer.faults.hold({ who: 'devi' });
    const updating = devi.updateNow();
    await hold.waiting();
    await devi.optOut();
    await devi.until('restorable');
    expect(await updating).toEqual({ outcome: 'stale' });
    expect(await devi.counts()).toEqual([]);
    hold.release();
  });

  test('a source that fails once erases nothing', async () => {
    const devi = await world.sending('devi');
    const before = await devi.counts();
    world.peer.faults.add({ kind: 'unauthorized' }, { who: 'devi', times: 1 });
    await world.sleep('6 minutes');
    expect(await devi.updateNow()).toEqual({ outcome: 'failed', failure: 'token_revoked' });
    expect(await devi.counts()).toEqual(before);
    await world.sleep('6 minutes');
    expect(await devi.updateNow()).toEqual({ outcome: 'written' });
  });

  test('acts that do not fit are refused by code and change nothing', async () => {
    const devi = await world.connect('devi');
    await devi.until('connected');
    expect(await refusedWith(devi.reconnect())).toBe('wrong_state');
    expect(await refusedWith(devi.updateNow())).toBe('wrong_state');
    expect(await devi.status()).toBe('connected');
  });
});

describe('an instance that turns off', () => {
  test('deletes every count, and on again nothing flows before the developer acts', async () => {
    const [devi, emil] = [await world.sending('devi'), await world.sending('emil')];
    const { sharing } = await world.switchOff();
    const off = async () => {
      const { rows } = await world.pool.query('select sharing_status from instance');
      return rows[0].sharing_status === 'off';
    };
    await eventually(off, 'sharing is off');
    expect([await devi.counts(), await emil.counts()]).toEqual([[], []]);
    expect(await receiptsOf(world.pool, devi.id)).toMatchObject([{ scope: 'instance', itemsLeft: 0 }]);
    expect(await refusedWith(devi.reconnect())).toBe('sharing_off');
    await world.sharing({ type: 'switch', side: 'instance', on: true });
    await devi.wake();
    await devi.until('restorable');
    expect(await devi.counts()).toEqual([]);
    await devi.reconnect();
    await devi.until('sending');
    expect(await devi.counts()).toEqual(await windowOfSource('devi'));
    expect(await emil.counts()).toEqual([]);
    expect(sharingWorkflowId(world.instanceId, sharing.generation)).toContain('/1');
  });

  test('erases after 90 days the links that did not come back, and only those', async () => {
    const [devi, emil] = [await world.sending('devi'), await world.sending('emil')];
    await world.switchOff();
    await eventually(async () => {
      const { rows } = await world.pool.query('select sharing_status from instance');
      return rows[0].sharing_status === 'off';
    }, 'sharing is off');
    await world.sharing({ type: 'switch', side: 'instance', on: true });
    await devi.reconnect();
    await devi.until('sending');
    await world.sleep('91 days');
    const linked = async () => (await world.pool.query('select connection_id from connection_person')).rows;
    await eventually(async () => (await linked()).length === 1, 'the cohort is erased');
    expect(await linked()).toEqual([{ connection_id: devi.id }]);
    await emil.wake();
    await ended(emil);
    expect([await devi.status(), await emil.status()]).toEqual(['sending', 'ended']);
  });

  test('only for a while, since GitHub Connect is lost, makes a restore wait, and it goes on by itself', async () => {
    const devi = await world.sending('devi');
    await devi.optOut();
    await devi.until('restorable');
    world.peer.faults.add({ kind: 'maintenance' }, { who: 'devi' });
    await devi.reconnect();
    await devi.until('restoring');
    const look = async (connected: boolean) => world.sharing({ type: 'look', connected, at: await world.now() });
    await look(false);
    world.peer.faults.clear();
    await world.sleep('3 hours');
    expect([await devi.status(), await devi.counts()]).toEqual(['restoring', []]);
    await look(true);
    await world.sleep('3 hours');
    await devi.until('sending');
    expect(await past(devi.counts())).toEqual(await past(windowOfSource('devi')));
  });

  test('for a while, just as a restore is being read, leaves the restore to go on when it is back', async () => {
    const devi = await world.sending('devi');
    await devi.optOut();
    await devi.until('restorable');
    const hold = world.peer.faults.hold({ who: 'devi' });
    await devi.reconnect();
    await hold.waiting();
    await world.sharing({ type: 'look', connected: false, at: await world.now() });
    hold.release();
    const written = async () =>
      (await world.pool.query('select 1 from connection where open_read is null')).rowCount === 1;
    await world.sleep('1 hour');
    await world.sharing({ type: 'look', connected: true, at: await world.now() });
    await world.sleep('3 hours');
    await devi.until('sending');
    await eventually(written, 'the read is closed');
    expect(await past(devi.counts())).toEqual(await past(windowOfSource('devi')));
  });

  test('one that had opted out keeps that cause when the instance comes back', async () => {
    const devi = await world.sending('devi');
    await devi.optOut();
    await devi.until('restorable');
    await world.switchOff();
    await eventually(async () => {
      const { rows } = await world.pool.query('select sharing_status from instance');
      return rows[0].sharing_status === 'off';
    }, 'sharing is off');
    await world.sharing({ type: 'switch', side: 'instance', on: true });
    const { rows } = await world.pool.query('select causes from connection where id = $1', [devi.id]);
    expect(rows[0].causes).toEqual(['opted_out']);
  });
});

test('a developer’s token stays what it was: nothing in the history names it', async () => {
  const devi = await world.sending('devi');
  const history = await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).fetchHistory();
  const text = JSON.stringify(history);
  expect(text).not.toContain(Buffer.from(DEMO_TOKENS.instance('devi')).toString('base64').slice(0, 12));
  expect(text).not.toContain('draman');
});

test('a connection that continues as new again and again loses neither its acts nor its deadline', async () => {
  const devi = await world.connect('devi', 40);
  await devi.until('connected');
  await devi.send();
  await eventually(async () => (await devi.counts()).length > 0, 'the first counts');
  for (let round = 0; round < 3; round += 1) {
    await devi.optOut();
    await devi.until('restorable');
    await devi.reconnect();
    await devi.until('sending');
  }
  expect(await devi.counts()).toEqual(await windowOfSource('devi'));
  await devi.optOut();
  await devi.until('restorable');
  await eventually(async () => {
    const { events } = await world.client.workflow.getHandle(connectionWorkflowId(devi.id)).fetchHistory();
    return !!events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }, 'it has continued as new');
  await world.sleep('91 days');
  await ended(devi);
  expect(await devi.status()).toBe('ended');
});
