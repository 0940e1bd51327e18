import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FaultInput } from '../../demo/peers/fault-kinds.ts';
import { startInstancePeer } from '../../demo/peers/instance-peer.ts';
import type { InstancePeer } from '../../demo/peers/instance-peer.ts';
import { ask, askCounts, daysIn } from './ask.ts';

const NOW = new Date('2026-03-18T12:00:00Z');
const FROM = '2025-12-18';
const TO = '2026-03-19';
const DAYS = 91;

let instance: InstancePeer;
beforeEach(async () => {
  instance = await startInstancePeer({ now: () => NOW });
});
afterEach(async () => instance.close());

const countsOf = async (who: string) => askCounts(instance.url, instance.people.tokenOf(who), FROM, TO);
const user = async (path: string, who: string) =>
  ask<Record<string, unknown>>(`${instance.url}/api/v3${path}`, instance.people.tokenOf(who));

describe('a fault that answers in the place of the instance', () => {
  const cases: [string, FaultInput, object][] = [
    [
      '429 with Retry-After',
      { kind: 'too-many-requests', retryAfter: 7 },
      { status: 429, headers: { 'retry-after': '7' } },
    ],
    [
      '429 with a date in Retry-After',
      { kind: 'too-many-requests', retryAfter: 'Wed, 18 Mar 2026 13:00:00 GMT' },
      { headers: { 'retry-after': 'Wed, 18 Mar 2026 13:00:00 GMT' } },
    ],
    [
      '403 with the primary limit used up',
      { kind: 'rate-limited' },
      { status: 403, headers: { 'x-ratelimit-remaining': '0' } },
    ],
    [
      '200 with a rate limit error in the body',
      { kind: 'graphql-rate-limited' },
      { status: 200, headers: { 'x-ratelimit-remaining': '0' }, body: { errors: [{ type: 'RATE_LIMITED' }] } },
    ],
    [
      '200 with the other spelling of the rate limit error',
      { kind: 'graphql-rate-limited', type: 'RATE_LIMIT' },
      { status: 200, body: { errors: [{ type: 'RATE_LIMIT' }] } },
    ],
    [
      '403 of the secondary rate limit',
      { kind: 'secondary-rate-limit', retryAfter: 60 },
      {
        status: 403,
        headers: { 'retry-after': '60' },
        body: { message: expect.stringContaining('secondary rate limit') },
      },
    ],
    [
      '502 of a proxy',
      { kind: 'bad-gateway' },
      { status: 502, headers: { 'content-type': 'text/html; charset=utf-8' } },
    ],
    [
      '503 and the maintenance page',
      { kind: 'maintenance' },
      { status: 503, body: expect.stringContaining('maintenance') },
    ],
    ['200 and a page instead of JSON', { kind: 'not-json' }, { status: 200, body: expect.stringContaining('Sign in') }],
    ['401', { kind: 'unauthorized' }, { status: 401, body: { message: 'Bad credentials' } }],
    [
      '403 where SSO is required',
      { kind: 'sso-required' },
      { status: 403, headers: { 'x-github-sso': expect.stringMatching(/^required; url=https:/) } },
    ],
    [
      '200 where SSO is required, in GraphQL',
      { kind: 'sso-required', form: 'graphql' },
      { status: 200, body: { errors: [{ type: 'FORBIDDEN', extensions: { saml_failure: true } }] } },
    ],
    [
      '403 to somebody suspended',
      { kind: 'suspended' },
      { status: 403, body: { message: 'Sorry. Your account was suspended.' } },
    ],
    ['401 to somebody who is gone', { kind: 'gone' }, { status: 401 }],
  ];

  test.each(cases)('%s', async (_name, fault, expected) => {
    instance.faults.add(fault);
    expect(await countsOf('devi')).toMatchObject(expected);
    instance.faults.clear();
    expect(daysIn(await countsOf('devi'))).toHaveLength(DAYS);
  });

  test('a huge body has the size that was asked for', async () => {
    instance.faults.add({ kind: 'huge-body', bytes: 3_000_000 });
    expect(Number((await countsOf('devi')).headers['content-length'])).toBeGreaterThan(3_000_000);
  });
});

describe('a fault of the connection', () => {
  test('cut JSON: the length promises more than comes', async () => {
    instance.faults.add({ kind: 'cut-json' });
    await expect(countsOf('devi')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  test('reset: the connection breaks before an answer', async () => {
    instance.faults.add({ kind: 'reset' });
    await expect(countsOf('devi')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('hanging: no answer comes until the client gives up', async () => {
    instance.faults.add({ kind: 'hang' });
    const signal = AbortSignal.timeout(50);
    const asking = ask(`${instance.url}/api/v3/user`, instance.people.tokenOf('devi'), { signal });
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('slow: the right answer comes late', async () => {
    instance.faults.add({ kind: 'slow', ms: 60 });
    const before = performance.now();
    expect(daysIn(await countsOf('devi'))).toHaveLength(DAYS);
    expect(performance.now() - before).toBeGreaterThan(55);
  });

  test('down: connections are refused, and afterwards the address is the same', async () => {
    await instance.goDown();
    await expect(countsOf('devi')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await instance.comeUp();
    expect((await countsOf('devi')).status).toBe(200);
  });
});

const lied = async (lie: Extract<FaultInput, { kind: 'lying-counts' }>['lie']) => {
  instance.faults.add({ kind: 'lying-counts', lie });
  return countsOf('devi');
};

const datesOf = (answer: Awaited<ReturnType<typeof lied>>) => daysIn(answer).map(({ date }) => date);
const countsIn = (answer: Awaited<ReturnType<typeof lied>>) => daysIn(answer).map((day) => day.contributionCount);

describe('a fault of the counts', () => {
  test('a negative count', async () => expect(countsIn(await lied('negative'))).toContain(-3));
  test('half a contribution', async () => expect(countsIn(await lied('fraction'))).toContain(2.5));
  test('a count that is a text', async () => expect(countsIn(await lied('text-count'))).toContain('7'));
  test('no day at all', async () => expect(datesOf(await lied('no-days'))).toEqual([]));

  test('the same day twice', async () => {
    const dates = datesOf(await lied('duplicate-day'));
    expect(dates.length - new Set(dates).size).toBe(1);
  });

  test('a day outside the window', async () => {
    expect(datesOf(await lied('day-outside')).filter((date) => date < FROM)).toHaveLength(1);
  });

  test('a day missing in the middle', async () => {
    const dates = datesOf(await lied('missing-day'));
    expect(dates).toHaveLength(DAYS - 1);
    expect(dates.at(0)).toBe(FROM);
    expect(dates.at(-1)).toBe('2026-03-18');
  });

  test('a date that does not exist', async () => {
    expect(datesOf(await lied('impossible-date'))).toContain('2026-02-30');
  });

  test("somebody else's id", async () => {
    expect((await lied('wrong-user')).body.data?.viewer?.databaseId).toBe(1006);
  });
});

describe('a fault of who somebody is', () => {
  test('a missing scope: fewer counts, and the header says so', async () => {
    const before = daysIn(await countsOf('goran'));
    instance.faults.add({ kind: 'missing-scope' }, { who: 'goran' });
    const answer = await countsOf('goran');
    const total = (days: typeof before) => days.reduce((sum, day) => sum + day.contributionCount, 0);
    expect(answer.headers['x-oauth-scopes']).toBe('');
    expect(total(daysIn(answer))).toBeLessThan(total(before));
  });

  test('another login, another creation time: seen by the person and by whoever looks them up', async () => {
    instance.faults.add({ kind: 'renamed', login: 'new-name' }, { who: 'devi' });
    instance.faults.add({ kind: 'reused-id', createdAt: '2025-01-01T00:00:00Z' }, { who: 'devi' });
    const expected = { login: 'new-name', created_at: '2025-01-01T00:00:00Z', id: 1005 };
    expect((await user('/user', 'devi')).body).toMatchObject(expected);
    expect((await user('/user/1005', 'reader')).body).toMatchObject(expected);
  });

  test('suspended and gone are seen by whoever looks the person up', async () => {
    const id = instance.faults.add({ kind: 'suspended' }, { who: 'devi' });
    expect((await user('/user/1005', 'reader')).body['suspended_at']).toEqual(expect.any(String));
    instance.faults.remove(id);
    instance.faults.add({ kind: 'gone' }, { who: 'devi' });
    expect((await user('/user/1005', 'reader')).status).toBe(404);
  });
});
