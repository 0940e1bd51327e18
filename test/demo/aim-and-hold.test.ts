import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startInstancePeer } from '../../demo/peers/instance-peer.ts';
import type { InstancePeer } from '../../demo/peers/instance-peer.ts';
import { ask, askCounts, daysIn } from './ask.ts';

const NOW = new Date('2026-03-18T12:00:00Z');
const FROM = '2025-12-18';
const TO = '2026-03-19';

let instance: InstancePeer;
beforeEach(async () => {
  instance = await startInstancePeer({ now: () => NOW });
});
afterEach(async () => instance.close());

const countsOf = async (who: string) => askCounts(instance.url, instance.people.tokenOf(who), FROM, TO);
const user = async (path: string, who: string) =>
  ask<Record<string, unknown>>(`${instance.url}/api/v3${path}`, instance.people.tokenOf(who));
const firstOf = async (one: Promise<unknown>, other: Promise<unknown>) =>
  Promise.race([one.then(() => 'the one'), other.then(() => 'the other')]);

describe('whom and how often a fault meets', () => {
  test('one person only', async () => {
    instance.faults.add({ kind: 'bad-gateway' }, { who: 'devi' });
    expect([(await countsOf('devi')).status, (await countsOf('emil')).status]).toEqual([502, 200]);
  });

  test('one path only', async () => {
    instance.faults.add({ kind: 'bad-gateway' }, { path: 'graphql' });
    expect([(await countsOf('devi')).status, (await user('/user', 'devi')).status]).toEqual([502, 200]);
  });

  test('so many requests only, then it is over', async () => {
    instance.faults.add({ kind: 'unauthorized' }, { times: 2 });
    const statuses = [await countsOf('devi'), await countsOf('devi'), await countsOf('devi')].map(
      ({ status }) => status,
    );
    expect(statuses).toEqual([401, 401, 200]);
    expect(instance.faults.active()).toEqual([]);
  });
});

describe('a held request', () => {
  test('waits with the answer that was made before, until it is released', async () => {
    const hold = instance.faults.hold({ who: 'devi', times: 1 });
    const asking = countsOf('devi');
    const [held] = await hold.waiting();
    expect(await firstOf(asking, countsOf('emil'))).toBe('the other');
    instance.contributions.set('devi', '2026-03-18', 99);
    hold.release();
    expect(held).toMatchObject({ who: 'devi', path: '/api/graphql' });
    expect(daysIn(await asking).at(-1)?.contributionCount).not.toBe(99);
    expect(daysIn(await countsOf('devi')).at(-1)?.contributionCount).toBe(99);
  });

  test('at its arrival has read nothing yet', async () => {
    const hold = instance.faults.hold({ who: 'devi' }, 'arrival');
    const asking = countsOf('devi');
    await hold.waiting();
    expect(await firstOf(asking, countsOf('emil'))).toBe('the other');
    instance.contributions.set('devi', '2026-03-18', 99);
    hold.release();
    expect(daysIn(await asking).at(-1)?.contributionCount).toBe(99);
  });

  test('several are waited for together and let go together', async () => {
    const hold = instance.faults.hold();
    const asking = Promise.all(['devi', 'emil', 'goran'].map(countsOf));
    expect(new Set((await hold.waiting(3)).map(({ who }) => who))).toEqual(new Set(['devi', 'emil', 'goran']));
    hold.release();
    expect((await asking).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('does not keep a peer from closing', async () => {
    instance.faults.hold({}, 'arrival');
    const asking = countsOf('devi').then(
      () => 'answered',
      () => 'cut',
    );
    await instance.close();
    expect(['answered', 'cut']).toContain(await asking);
    instance = await startInstancePeer({ now: () => NOW });
  });
});
