import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultInput } from '../../demo/peers/fault-kinds.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import type { SourceReadFailure } from '../../src/ports/source.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { failed, instanceAt, NOW, SHORT, window } from './reading.ts';

let sources: Sources;
/** For what never ends by itself: on a busy machine so short a time would meet a proper answer too. */
let hasty: Sources;
let peer: InstancePeer;
beforeAll(async () => {
  sources = createSources();
  hasty = createSources(SHORT);
  peer = await startInstancePeer({ now: () => new Date(NOW) });
});
afterEach(() => peer.faults.clear());
afterAll(async () => {
  await Promise.all([sources.close(), hasty.close()]);
  await peer.close();
});

const read = async (key = 'devi', from = sources) => {
  const { id: userId, createdAt } = peer.people.get(key);
  return from.ghes.read(instanceAt(peer.url, 'ghes'), peer.people.tokenOf(key), { userId, createdAt }, window);
};
const whoami = (from = sources) => from.ghes.whoami(instanceAt(peer.url, 'ghes'), peer.people.tokenOf('devi'));

const LONG_AGO = 'Wed, 18 Mar 2015 13:00:00 GMT';

/** Faults that meet every request of a developer alike, and what they mean. */
const EVERYWHERE: [string, FaultInput, SourceReadFailure][] = [
  ['401', { kind: 'unauthorized' }, failed('token_revoked')],
  ['somebody who is gone', { kind: 'gone' }, failed('token_revoked')],
  ['a suspended account', { kind: 'suspended' }, failed('user_suspended')],
  ['single sign-on', { kind: 'sso-required' }, failed('sso_required')],
  ['429 with a number of seconds', { kind: 'too-many-requests', retryAfter: 7 }, failed('rate_limited', 7_000)],
  ['429 with a date that has passed', { kind: 'too-many-requests', retryAfter: LONG_AGO }, failed('rate_limited', 0)],
  ['a secondary limit with its time', { kind: 'secondary-rate-limit', retryAfter: 90 }, failed('rate_limited', 90_000)],
  ['a secondary limit without one', { kind: 'secondary-rate-limit' }, failed('rate_limited', 60_000)],
  ['the maintenance page', { kind: 'maintenance' }, failed('maintenance')],
  ['502 of a proxy', { kind: 'bad-gateway' }, failed('source_unreachable')],
  ['a page instead of JSON', { kind: 'not-json' }, failed('bad_answer')],
  ['a body that ends early', { kind: 'cut-json' }, failed('source_unreachable')],
  ['a broken connection', { kind: 'reset' }, failed('source_unreachable')],
  ['a body of 3 MB', { kind: 'huge-body', bytes: 3_000_000 }, failed('bad_answer')],
];

describe('a fault of the instance', () => {
  test('is told by what came: a token without its scope reads nothing, and says whose it is all the same', async () => {
    peer.faults.add({ kind: 'missing-scope' });
    expect(await read()).toStrictEqual(failed('scope_missing'));
    expect(await whoami()).toMatchObject({ ok: true, seesPrivateWork: false });
  });

  test.each(EVERYWHERE)('is told by what came: %s', async (_name, fault, expected) => {
    peer.faults.add(fault);
    expect(await read()).toStrictEqual(expected);
    expect(await whoami()).toStrictEqual(expected);
    peer.faults.clear();
    expect(await read()).toMatchObject({ ok: true });
  });

  const inGraphQL: [string, FaultInput, SourceReadFailure][] = [
    ['single sign-on, with status 200', { kind: 'sso-required', form: 'graphql' }, failed('sso_required')],
    ['another creation time for the same id', { kind: 'reused-id' }, failed('identity_mismatch')],
    ['somebody else', { kind: 'lying-counts', lie: 'wrong-user' }, failed('identity_mismatch')],
    ['a negative count', { kind: 'lying-counts', lie: 'negative' }, failed('bad_answer')],
    ['half a contribution', { kind: 'lying-counts', lie: 'fraction' }, failed('bad_answer')],
    ['a count that is a text', { kind: 'lying-counts', lie: 'text-count' }, failed('bad_answer')],
    ['the same day twice', { kind: 'lying-counts', lie: 'duplicate-day' }, failed('bad_answer')],
    ['a missing day', { kind: 'lying-counts', lie: 'missing-day' }, failed('bad_answer')],
    ['a date that does not exist', { kind: 'lying-counts', lie: 'impossible-date' }, failed('bad_answer')],
    ['no day at all', { kind: 'lying-counts', lie: 'no-days' }, failed('bad_answer')],
  ];

  test.each(inGraphQL)('is told by what was read: %s', async (_name, fault, expected) => {
    peer.faults.add(fault, { path: 'graphql' });
    expect(await read()).toStrictEqual(expected);
  });

  test.each<FaultInput>([
    { kind: 'rate-limited', resetInSeconds: 300 },
    { kind: 'graphql-rate-limited', resetInSeconds: 300 },
    { kind: 'graphql-rate-limited', resetInSeconds: 300, type: 'RATE_LIMIT' },
  ])('is a rate limit until the hour’s reset, with status 403 and 200 alike: %j', async (fault) => {
    peer.faults.add(fault);
    const answer = await read();
    expect(answer).toMatchObject({ ok: false, failure: 'rate_limited', systemic: false });
    const { retryAfterMs } = answer as SourceReadFailure;
    expect(retryAfterMs).toBeGreaterThan(295_000);
    expect(retryAfterMs).toBeLessThanOrEqual(301_000);
  });

  test('that never answers is waited for no longer than is set', async () => {
    peer.faults.add({ kind: 'hang' });
    expect(await read('devi', hasty)).toStrictEqual(failed('source_unreachable'));
    expect(await whoami(hasty)).toStrictEqual(failed('source_unreachable'));
    peer.faults.clear();
    expect(await read()).toMatchObject({ ok: true });
  });

  test('of one developer is no fault of another', async () => {
    peer.faults.add({ kind: 'suspended' }, { who: 'devi' });
    const [devi, emil] = await Promise.all([read('devi'), read('emil')]);
    expect([devi, emil.ok]).toStrictEqual([failed('user_suspended'), true]);
  });

  test('that is a day beside the window is none', async () => {
    peer.faults.add({ kind: 'lying-counts', lie: 'day-outside' });
    expect(await read()).toMatchObject({ ok: true, ignored: 1 });
  });

  test('that is a new name is none', async () => {
    peer.faults.add({ kind: 'renamed' });
    expect(await read()).toMatchObject({ ok: true });
  });

  test('that refuses connections is over when it is back', async () => {
    await peer.goDown();
    expect(await read()).toStrictEqual(failed('source_unreachable'));
    await peer.comeUp();
    expect(await read()).toMatchObject({ ok: true });
  });
});

describe('what we give up ourselves', () => {
  test('is no fault of the instance', async () => {
    const hold = peer.faults.hold();
    const abort = new AbortController();
    const { id: userId, createdAt } = peer.people.get('devi');
    const token = peer.people.tokenOf('devi');
    const reading = sources.ghes.read(instanceAt(peer.url, 'ghes'), token, { userId, createdAt }, window, abort.signal);
    await hold.waiting();
    abort.abort();
    expect(await reading).toStrictEqual({ ok: false, failure: 'source_unreachable', systemic: false });
  });
});
