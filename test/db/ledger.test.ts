import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, nat, record } from 'fast-check';
import { digestOf, ledger } from '../../src/db/ledger.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { addDays } from '../../src/domain/dates.ts';
import { WINDOW_LENGTH, windowAt, type DayCount } from '../../src/domain/window.ts';
import type { LedgerMessage } from '../../src/ports/ledger.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 2, applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function message(connectionId: string, days: DayCount[]): LedgerMessage {
  return { connectionId, generation: 1, readNumber: 1, source: 'GitHub Enterprise Server', days };
}

const set = (id: string, days: DayCount[]) => ledger.put(pool, [message(id, days)]);
const day = (date: string, count: number) => ({ date, count });
const ever = (ids: string[]) => ledger.read(pool, ids, '0100-01-01', '9999-12-31');

describe('setting counts', () => {
  test('what was set is read back, and a later count replaces the earlier one, up and down', async () => {
    const id = randomUUID();
    await set(id, [day('2027-03-01', 3), day('2027-03-02', 2_000_000_000)]);
    await set(id, [day('2027-03-01', 1), day('2027-03-03', 7)]);
    expect(await ledger.read(pool, [id], '2027-03-01', '2027-03-31')).toEqual([
      { connectionId: id, date: '2027-03-01', count: 1 },
      { connectionId: id, date: '2027-03-02', count: 2_000_000_000 },
      { connectionId: id, date: '2027-03-03', count: 7 },
    ]);
  });

  test('a zero removes the day, and a year without any count leaves no row behind', async () => {
    const id = randomUUID();
    await set(id, [day('2026-12-31', 4), day('2027-01-01', 5)]);
    expect(await set(id, [day('2026-12-31', 0)])).toEqual({ items: 1 });
    expect(await ever([id])).toEqual([{ connectionId: id, date: '2027-01-01', count: 5 }]);
    await set(id, [day('2027-01-01', 0), day('2027-01-02', 0)]);
    const { rowCount } = await pool.query('select from ledger where connection_id = $1', [id]);
    expect(rowCount).toBe(0);
  });

  test('a zero for somebody of whom nothing is kept keeps nothing', async () => {
    const id = randomUUID();
    await set(id, [day('2027-05-05', 0)]);
    const { rowCount } = await pool.query('select from ledger where connection_id = $1', [id]);
    expect(rowCount).toBe(0);
  });

  test('29 February and the last day of a common and of a leap year are days of their own', async () => {
    const id = randomUUID();
    const dates = ['2027-02-28', '2027-03-01', '2027-12-31', '2028-01-01', '2028-02-29', '2028-03-01', '2028-12-31'];
    await set(
      id,
      dates.map((date, at) => day(date, at + 1)),
    );
    expect((await ever([id])).map(({ date, count }) => day(date, count))).toEqual(
      dates.map((date, at) => day(date, at + 1)),
    );
  });

  test('a call without messages, or a message without days, changes nothing', async () => {
    expect(await ledger.put(pool, [])).toEqual({ items: 0 });
    expect(await set(randomUUID(), [])).toEqual({ items: 0 });
  });

  test('two that write different days of one person at the same time both succeed', async () => {
    const id = randomUUID();
    await set(id, [day('2027-03-01', 1)]);
    await Promise.all([set(id, [day('2027-03-02', 2)]), set(id, [day('2027-03-03', 3)])]);
    expect((await ever([id])).map(({ count }) => count)).toEqual([1, 2, 3]);
  });
});

describe('what the profile side refuses', () => {
  const good = message(randomUUID(), [day('2027-03-01', 3)]);
  const bad: [string, object][] = [
    ['a field that it does not know', { ...good, repository: 'canary' }],
    ['a field that it does not know in a day', { ...good, days: [{ ...good.days[0], title: 'canary' }] }],
    ['another label', { ...good, source: 'GitHub Enterprise Server 3.14' }],
    ['a date that does not exist', { ...good, days: [day('2027-02-29', 1)] }],
    ['a time instead of a date', { ...good, days: [day('2027-02-28T00:00:00Z', 1)] }],
    ['a negative count', { ...good, days: [day('2027-03-01', -1)] }],
    ['half a contribution', { ...good, days: [day('2027-03-01', 0.5)] }],
    ['a count that is too large', { ...good, days: [day('2027-03-01', 2_000_000_001)] }],
    ['a count as text', { ...good, days: [{ date: '2027-03-01', count: '3' }] }],
    ['a day twice', { ...good, days: [day('2027-03-01', 1), day('2027-03-01', 2)] }],
    [
      'more than a year of days',
      { ...good, days: Array.from({ length: 367 }, (_, at) => day(addDays('2027-01-01', at), 1)) },
    ],
    ['a login where the id belongs', { ...good, connectionId: 'octocat' }],
    ['a day that is not one', { ...good, days: [null] }],
    ['a day without a count', { ...good, days: [{ date: '2027-03-01' }] }],
    ['no generation', { ...good, generation: undefined }],
  ];

  afterEach(() => ledger.remove(pool, [good.connectionId]));

  test.each(bad)('%s: nothing of the call is kept, and the error does not repeat what was sent', async (_, refused) => {
    const other = message(randomUUID(), [day('2027-03-01', 3)]);
    const received: LedgerMessage = JSON.parse(JSON.stringify(refused));
    const error = await ledger.put(pool, [other, received]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DomainError', code: 'ledger_refused' });
    expect(String(error)).not.toMatch(/canary|octocat|3\.14|2027/);
    expect(await ledger.left(pool, [other.connectionId, good.connectionId])).toBe(0);
  });

  test('a connection twice in one call', async () => {
    await expect(ledger.put(pool, [good, good])).rejects.toMatchObject({ code: 'ledger_refused' });
  });
});

describe('comparing a window', () => {
  test('somebody of whom nothing is kept has the window and the digest of zeros', async () => {
    const id = randomUUID();
    for (const instant of ['2027-06-15T12:00:00Z', '2028-01-20T12:00:00Z']) {
      const zeros = new Int32Array(WINDOW_LENGTH);
      expect(await ledger.windows(pool, [id], windowAt(instant))).toEqual(new Map([[id, zeros]]));
      expect(await ledger.digests(pool, [id], windowAt(instant))).toEqual(new Map([[id, digestOf(zeros)]]));
    }
  });

  test('days outside the window do not change its digest, and those within do', async () => {
    const id = randomUUID();
    const window = windowAt('2028-02-10T00:00:00Z');
    const digest = async () => (await ledger.digests(pool, [id], window)).get(id);
    await set(id, [day(window.from, 1), day(window.to, 2)]);
    const before = await digest();
    await set(id, [day(addDays(window.from, -1), 9), day(addDays(window.to, 1), 9)]);
    expect(await digest()).toBe(before);
    await set(id, [day('2028-01-01', 1)]);
    expect(await digest()).not.toBe(before);
  });
});

describe('removing', () => {
  test('it says how many days were removed, leaves none, and touches nobody else', async () => {
    const [gone, other] = [randomUUID(), randomUUID()];
    await set(gone, [day('2026-12-31', 1), day('2027-01-01', 2), day('2027-01-02', 3)]);
    await set(other, [day('2027-01-01', 2)]);
    expect(await ledger.left(pool, [gone, other])).toBe(4);
    expect(await ledger.remove(pool, [gone])).toEqual({ items: 3 });
    expect(await ledger.left(pool, [gone])).toBe(0);
    expect(await ledger.left(pool, [gone, other])).toBe(1);
    expect(await ledger.remove(pool, [gone])).toEqual({ items: 0 });
  });
});

describe('any windows, in any order, over the end of a year', () => {
  const writes = array(
    record({
      who: nat(2),
      // 2027-10-15 to 2028-03-28: windows before, over and after the year's end, with 29 February in some
      today: nat(165).map((at) => addDays('2027-10-15', at)),
      counts: array(record({ at: nat(WINDOW_LENGTH - 1), count: nat(3) }), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 8 },
  );

  test('hold exactly what a plain map holds; twice is once; digests are those of the windows', async () => {
    await assert(
      asyncProperty(writes, async (steps) => {
        const ids = [randomUUID(), randomUUID(), randomUUID()].toSorted();
        const model = new Map<string, Map<string, number>>(ids.map((id) => [id, new Map()]));
        for (const { who, today, counts } of steps) {
          const window = windowAt(`${today}T08:00:00Z`);
          const wanted = new Map(counts.map(({ at, count }) => [window.labels[at]!, count]));
          const days = [...wanted].map(([date, count]) => day(date, count));
          await set(ids[who]!, days);
          const once = await ever(ids);
          expect(await set(ids[who]!, days)).toEqual({ items: days.length });
          expect(await ever(ids)).toEqual(once);
          for (const [date, count] of wanted) model.get(ids[who]!)!.set(date, count);

          const digests = await ledger.digests(pool, ids, window);
          const windows = await ledger.windows(pool, ids, window);
          for (const id of ids) {
            const expected = Int32Array.from(window.labels, (label) => model.get(id)!.get(label) ?? 0);
            expect(windows.get(id)).toEqual(expected);
            expect(digests.get(id)).toBe(digestOf(expected));
          }
        }
        const kept = ids.flatMap((id) =>
          [...model.get(id)!]
            .filter(([, count]) => count > 0)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([date, count]) => ({ connectionId: id, date, count })),
        );
        expect(await ever(ids)).toEqual(kept);
      }),
      { seed: 20270101, numRuns: 60 },
    );
  });
});
