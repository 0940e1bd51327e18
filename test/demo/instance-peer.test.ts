import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addDays, labelsBetween, weekdayOf } from '../../demo/peers/calendar.ts';
import { CANARY_WORDS } from '../../demo/peers/canaries.ts';
import { startInstancePeer } from '../../demo/peers/instance-peer.ts';
import type { InstancePeer } from '../../demo/peers/instance-peer.ts';
import { ask, askCounts, daysIn } from './ask.ts';

const NOON = '2026-03-18T12:00:00Z';
const TODAY = '2026-03-18';
const FIRST = addDays(TODAY, -90);
const LAST = addDays(TODAY, 1);

let instance: InstancePeer;
let time = NOON;
beforeEach(async () => {
  time = NOON;
  instance = await startInstancePeer({ now: () => new Date(time) });
});
afterEach(async () => instance.close());

const countsOf = async (who: string) => askCounts(instance.url, instance.people.tokenOf(who), FIRST, LAST);

describe('the contribution calendar of the demo instance', () => {
  test('has every day of the range once, in order, zeros included, and ends with today', async () => {
    expect(daysIn(await countsOf('devi')).map(({ date }) => date)).toEqual(labelsBetween(FIRST, TODAY));
  });

  test('has weeks that start on Sunday, the first and the last cut to the range', async () => {
    const weeks = (await countsOf('devi')).body.data?.viewer?.contributionsCollection.contributionCalendar.weeks ?? [];
    const lengths = weeks.map(({ contributionDays }) => contributionDays.length);
    expect(weeks.slice(1).every(({ contributionDays: [first] }) => weekdayOf(first?.date ?? '') === 0)).toBe(true);
    expect(lengths[0]).toBe(7 - weekdayOf(FIRST));
    expect(new Set(lengths.slice(1, -1))).toEqual(new Set([7]));
  });

  test('ends a day later for somebody whose day has begun already', async () => {
    expect(daysIn(await countsOf('farah')).at(-1)?.date).toBe(LAST);
  });

  test('has nothing yet on a day that has not begun where the person is', async () => {
    time = '2026-03-18T03:00:00Z';
    instance.people.change('emil', { habit: { weekday: 1, weekend: 1, most: 5 } });
    const days = daysIn(await countsOf('emil'));
    expect(days.at(-1)).toEqual({ date: TODAY, contributionCount: 0 });
    expect(days.at(-2)?.contributionCount).toBeGreaterThan(0);
  });

  test('may go on to the end of the span with zeros, if the instance is told to', async () => {
    const other = await startInstancePeer({ now: () => new Date(time), calendarEnds: 'to' });
    const days = daysIn(await askCounts(other.url, other.people.tokenOf('devi'), FIRST, LAST));
    await other.close();
    expect(days.at(-1)).toEqual({ date: LAST, contributionCount: 0 });
  });

  test('is the same at every start, and says what the peer says is true', async () => {
    const other = await startInstancePeer({ now: () => new Date(time) });
    const again = daysIn(await askCounts(other.url, other.people.tokenOf('goran'), FIRST, LAST));
    await other.close();
    const days = daysIn(await countsOf('goran'));
    expect(days).toEqual(again);
    const busy = days.filter((day) => day.contributionCount > 0);
    expect(busy.length).toBeGreaterThan(50);
    expect(busy.map((day) => ({ date: day.date, count: day.contributionCount }))).toEqual(
      instance.contributions.between('goran', FIRST, LAST),
    );
  });

  test('shows a day that was changed, up or down, and nobody else moves', async () => {
    const before = daysIn(await countsOf('devi'));
    instance.contributions.set('goran', '2026-03-01', 41);
    instance.contributions.set('goran', '2026-03-02', 0);
    const after = daysIn(await countsOf('goran'));
    expect(after).toContainEqual({ date: '2026-03-01', contributionCount: 41 });
    expect(after).toContainEqual({ date: '2026-03-02', contributionCount: 0 });
    expect(daysIn(await countsOf('devi'))).toEqual(before);
  });

  test('is silently too low for a token without read:user, which only the scopes header tells', async () => {
    instance.contributions.set('devi', TODAY, 9, 4);
    const token = instance.people.issueToken('devi', { value: 'gho_without_scope', scopes: [] });
    const answer = await askCounts(instance.url, token, FIRST, LAST);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-oauth-scopes']).toBe('');
    expect(daysIn(answer)).toContainEqual({ date: TODAY, contributionCount: 5 });
    expect((await countsOf('devi')).headers['x-oauth-scopes']).toBe('read:user');
  });

  test('is refused for more than a year', async () => {
    const token = instance.people.tokenOf('devi');
    const answer = await askCounts(instance.url, token, '2025-03-17', LAST);
    expect(answer.status).toBe(200);
    expect(answer.body.errors).toMatchObject([
      { type: 'VALIDATION', message: "The total time spanned by 'from' and 'to' must not exceed 1 year" },
    ]);
  });
});

describe('what the demo instance gives away', () => {
  test('the counts query brings no canary word', async () => {
    const text = JSON.stringify((await countsOf('devi')).body);
    expect(CANARY_WORDS.filter((word) => text.includes(word))).toEqual([]);
  });

  test('a client that asks for more gets every canary word, and so would be caught', async () => {
    const query = `{ viewer {
      repositories(first: 1) { nodes { name description defaultBranchRef { target { ... on Commit { message } } } } }
      pullRequests(first: 1) { nodes { title body } }
      contributionsCollection { commitContributionsByRepository { repository { name } } } } }`;
    const token = instance.people.tokenOf('devi');
    const answer = await ask(`${instance.url}/api/graphql`, token, { method: 'POST', body: { query } });
    const text = JSON.stringify(answer.body);
    expect(CANARY_WORDS.filter((word) => !text.includes(word))).toEqual([]);
  });

  test('a field that the schema does not have is an error with status 200', async () => {
    const token = instance.people.tokenOf('devi');
    const body = { query: '{ viewer { shoeSize } }' };
    const answer = await ask(`${instance.url}/api/graphql`, token, { method: 'POST', body });
    expect(answer).toMatchObject({ status: 200, body: { errors: [{ message: expect.stringContaining('shoeSize') }] } });
  });
});

describe('the log of requests', () => {
  test('tells who asked what, and holds no token', async () => {
    const token = instance.people.tokenOf('devi');
    await countsOf('devi');
    const [entry] = instance.requests.by('devi');
    expect(entry).toMatchObject({ method: 'POST', path: '/api/graphql', headers: { authorization: 'Bearer ***' } });
    expect(entry?.body).toHaveProperty('variables.from', `${FIRST}T00:00:00Z`);
    expect(JSON.stringify(instance.requests.all())).not.toContain(token);
  });
});
