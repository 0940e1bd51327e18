import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addDays, labelsBetween } from '../../demo/peers/calendar.ts';
import { ask, askCounts, daysIn } from './ask.ts';
import { startProgram } from './program.ts';
import type { Program } from './program.ts';

const today = new Date().toISOString().slice(0, 10);
const first = addDays(today, -90);
const users = Array.from({ length: 200 }, (_, index) => index + 1);

let program: Program;
let url: string;
beforeAll(async () => {
  program = await startProgram('demo/peers/fast-instance.ts', {});
  url = program.addresses['instance'] ?? '';
});
afterAll(async () => {
  await program.end();
});

const countsOf = async (user: number) => askCounts(url, `bench-${user}`, first, addDays(today, 1));
const busyDays = async (user: number) =>
  daysIn(await countsOf(user)).flatMap(({ date, contributionCount: count }) => (count > 0 ? [{ date, count }] : []));
const everybody = async () => Promise.all(users.map(busyDays));

describe('the instance for measuring', () => {
  test('answers the counts query for the user that the token names', async () => {
    const answer = await countsOf(17);
    expect(answer.headers['x-oauth-scopes']).toBe('read:user');
    expect(answer.body.data?.viewer).toMatchObject({
      databaseId: 17,
      login: 'bench-17',
      createdAt: '2020-01-01T00:00:00Z',
    });
    expect(daysIn(answer).map(({ date }) => date)).toEqual(labelsBetween(first, today));
    expect((await ask(`${url}/api/v3/user`, 'bench-17')).body).toMatchObject({ id: 17, login: 'bench-17' });
  });

  test('has about 24 days with contributions of 90, the same each time, and tells them', async () => {
    const days = await everybody();
    const mean = days.reduce((sum, one) => sum + one.length, 0) / days.length;
    expect(mean).toBeGreaterThan(22);
    expect(mean).toBeLessThan(26.5);
    expect(await everybody()).toEqual(days);
    const truth = await ask(`${url}/_demo/contributions?who=bench-3&from=${first}&to=${today}`, undefined);
    expect(truth.body).toEqual(days[2]);
  });

  test('changes the fraction that a round asks for', async () => {
    const before = await everybody();
    await ask(`${url}/_demo/bench`, undefined, { method: 'POST', body: { changedFraction: 0.25 } });
    const after = await everybody();
    const changed = after.filter((days, index) => JSON.stringify(days) !== JSON.stringify(before[index]));
    expect(changed.length).toBeGreaterThan(30);
    expect(changed.length).toBeLessThan(70);
  });

  test('refuses what is not its query or its token, and goes on', async () => {
    expect((await askCounts(url, 'somebody', first, today)).status).toBe(401);
    const other = { method: 'POST' as const, body: { query: '{ viewer { login } }' } };
    expect((await ask(`${url}/api/graphql`, 'bench-1', other)).status).toBe(404);
    expect((await ask(`${url}/_demo/contributions?who=bench-1`, undefined)).status).toBe(400);
    expect((await countsOf(1)).status).toBe(200);
  });
});
