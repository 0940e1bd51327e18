import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, saysJson, startOddServer } from '../support/odd-server.ts';
import { DEVI, GOOD, startGitea, type GiteaSpeaker } from './gitea-speaker.ts';
import { failed, instanceAt, window } from './reading.ts';

let sources: Sources;
let gitea: GiteaSpeaker;
beforeAll(async () => {
  sources = createSources();
  gitea = await startGitea();
});
beforeEach(() => gitea.reset());
afterAll(async () => {
  await sources.close();
  await gitea.close();
});

const read = (token = GOOD, who = DEVI) => sources.gitea.read(instanceAt(gitea.url, 'gitea'), token, who, window);
const whoami = (token = GOOD) => sources.gitea.whoami(instanceAt(gitea.url, 'gitea'), token);
/** The days with a count of an answer, by label. */
const daysOf = async () => {
  const answer = await read();
  if (!answer.ok) throw new Error(answer.failure);
  const days = window.labels.map((date, at): [string, number] => [date, answer.counts[at]!]);
  return { days: Object.fromEntries(days.filter(([, count]) => count > 0)), ignored: answer.ignored };
};
const bucket = (time: string, contributions: number) => ({ timestamp: Date.parse(time) / 1000, contributions });

describe('a heatmap', () => {
  test('becomes counts a day: buckets are summed by the UTC day of their start', async () => {
    gitea.heatmap = [
      bucket('2026-11-22T00:00:00Z', 1),
      bucket('2026-11-22T11:45:00Z', 2),
      bucket('2026-11-22T23:45:00Z', 4),
      bucket('2026-11-23T00:00:00Z', 8),
    ];
    expect(await daysOf()).toEqual({ days: { '2026-11-22': 7, '2026-11-23': 8 }, ignored: 0 });
  });

  test('fills both bounds of the window, and its days beside it are ignored and counted', async () => {
    gitea.heatmap = [
      bucket('2025-12-01T10:00:00Z', 9),
      bucket('2026-08-25T23:45:00Z', 9),
      bucket('2026-08-26T00:00:00Z', 1),
      bucket('2026-11-25T23:45:00Z', 2),
      bucket('2026-11-26T00:00:00Z', 9),
    ];
    expect(await daysOf()).toEqual({ days: { '2026-08-26': 1, '2026-11-25': 2 }, ignored: 3 });
  });

  test('may list a bucket without contributions, and none of a day', async () => {
    gitea.heatmap = [bucket('2026-11-20T10:00:00Z', 0), bucket('2026-11-21T10:00:00Z', 3)];
    expect(await daysOf()).toEqual({ days: { '2026-11-21': 3 }, ignored: 0 });
  });

  test('that is empty means no contributions, once the token gave the very user', async () => {
    expect(await daysOf()).toEqual({ days: {}, ignored: 0 });
    expect(gitea.asked.map(({ path }) => path)).toEqual(['/api/v1/user', '/api/v1/users/draman/heatmap']);
  });

  test('that is empty means nothing of somebody else: it is not even asked for', async () => {
    for (const other of [
      { ...DEVI, userId: 1006 },
      { ...DEVI, createdAt: '2019-03-14T08:30:01Z' },
    ]) {
      expect(await read(GOOD, other)).toStrictEqual(failed('identity_mismatch'));
    }
    expect(gitea.asked.map(({ path }) => path)).toEqual(['/api/v1/user', '/api/v1/user']);
  });

  test('is looked up by the login of now: a renamed user changes nothing', async () => {
    gitea.user.login = 'devi r/aman?';
    gitea.instead(/heatmap/, saysJson(200, [bucket('2026-11-21T10:00:00Z', 3)]));
    expect(await daysOf()).toEqual({ days: { '2026-11-21': 3 }, ignored: 0 });
    expect(gitea.asked.at(-1)!.path).toBe('/api/v1/users/devi%20r%2Faman%3F/heatmap');
  });

  test('of a login that passed to somebody meanwhile is not followed to where it points', async () => {
    const other = await startOddServer();
    other.answers(saysJson(200, []));
    gitea.instead(/heatmap/, saysJson(307, { message: 'moved' }, { location: `${other.url}/heatmap` }));
    expect(await read()).toStrictEqual(failed('bad_answer'));
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test('that an operator switched off is no zero', async () => {
    gitea.instead(/heatmap/, says(404, 'Not found.\n'));
    expect(await read()).toStrictEqual(failed('bad_answer'));
  });

  const [morning, noon] = [bucket('2026-11-21T10:00:00Z', 3), bucket('2026-11-21T12:00:00Z', 3)];
  test.each<[string, unknown]>([
    ['no list', { heatmap: [] }],
    ['null', null],
    ['a bucket that is null', [null]],
    ['the same bucket twice', [morning, noon, morning]],
    ['a count below zero', [{ ...morning, contributions: -1 }]],
    ['half a count', [{ ...morning, contributions: 0.5 }]],
    ['a count that is a text', [{ ...morning, contributions: '3' }]],
    ['no count', [{ timestamp: morning.timestamp }]],
    ['sums that no ledger holds', [morning, { ...noon, contributions: 2_000_000_000 }]],
    ['a time before all', [{ ...morning, timestamp: -1 }]],
    ['a time after all', [{ ...morning, timestamp: 253_402_300_800 }]],
    ['milliseconds', [{ ...morning, timestamp: morning.timestamp * 1000 }]],
    ['a fraction of a second', [{ ...morning, timestamp: morning.timestamp + 0.5 }]],
    ['a time that is a text', [{ ...morning, timestamp: '2026-11-21' }]],
  ])('is not believed: %s', async (_name, heatmap) => {
    gitea.instead(/heatmap/, saysJson(200, heatmap));
    expect(await read()).toStrictEqual(failed('bad_answer'));
  });

  test('is not believed where its text is cut', async () => {
    gitea.instead(/heatmap/, says(200, '[{"timestamp":17637'));
    expect(await read()).toStrictEqual(failed('bad_answer'));
  });
});

describe('whose a token is', () => {
  test('is the id, and the creation time in UTC whatever zone the server writes it in', async () => {
    const devi = { ok: true, login: 'draman', siteAdmin: false, seesPrivateWork: true, ...DEVI };
    expect(await whoami()).toStrictEqual(devi);
    gitea.user.created = '2019-03-13T22:30:00-10:00';
    gitea.user.is_admin = true;
    expect(await whoami()).toStrictEqual({ ...devi, siteAdmin: true });
  });

  test.each([
    ['no id', { id: undefined }],
    ['an id that is a text', { id: '1005' }],
    ['the id of nobody', { id: 0 }],
    ['no login', { login: null }],
    ['half a character as login', { login: '\ud800' }],
    ['no role', { is_admin: 'no' }],
    ['a creation time without a zone', { created: '2019-03-14T08:30:00' }],
    ['a creation time on a day that does not exist', { created: '2019-02-30T08:30:00Z' }],
  ])('is not believed: %s', async (_name, changes) => {
    gitea.instead(/user$/, saysJson(200, { ...gitea.user, ...changes }));
    expect(await whoami()).toStrictEqual(failed('bad_answer'));
    expect(await read()).toStrictEqual(failed('bad_answer'));
  });
});

test.each([null, [], 'devi'])('a user that is %j is nobody', async (user) => {
  gitea.instead(/user$/, saysJson(200, user));
  expect(await read()).toStrictEqual(failed('bad_answer'));
});

test('no application can take a Gitea token back, so nothing is asked and nothing is claimed', async () => {
  expect(sources.gitea).toMatchObject({ kind: 'gitea', density: 'sparse', tokensExpire: true, tokensRevocable: false });
  expect(await sources.gitea.revoke(instanceAt(gitea.url, 'gitea'), GOOD)).toStrictEqual(failed('bad_answer'));
  expect(gitea.asked).toEqual([]);
});
