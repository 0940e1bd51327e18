import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { addDays, isDay, utcDay } from '../../src/domain/dates.ts';
import { differingDays, MAX_COUNT, readWindow, windowAt, type DayCount } from '../../src/domain/window.ts';

const NOW = '2026-11-24T12:00:00.000Z';
const window = windowAt(NOW);
const { from, to } = window;

/** A complete answer: the count of a day is its place in the window. */
const full = (): DayCount[] => window.labels.map((date, count) => ({ date, count }));
const without = (gone: string) => full().filter(({ date }) => date !== gone);
const countsOf = (days: DayCount[], density: 'every_day' | 'sparse' = 'every_day') => {
  const answer = readWindow(window, days, density);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.counts;
};

describe('the window', () => {
  test('is 92 labels: 90 days back, today by UTC, and one ahead', () => {
    expect([from, to, window.labels.length]).toEqual(['2026-08-26', '2026-11-25', 92]);
    expect([window.labels[0], window.labels[90], window.labels[91]]).toEqual([from, '2026-11-24', to]);
  });

  test('holds 29 February, and the turn of a year', () => {
    const leap = windowAt('2028-03-01T00:00:00.000Z');
    expect([leap.from, leap.to]).toEqual(['2027-12-02', '2028-03-02']);
    expect(leap.labels).toEqual(expect.arrayContaining(['2027-12-31', '2028-01-01', '2028-02-29', '2028-03-01']));
    expect(windowAt('2027-03-01T00:00:00.000Z').labels).not.toContain('2027-02-29');
    expect(windowAt('2026-12-31T23:59:59.999Z').to).toBe('2027-01-01');
    expect(windowAt('2027-01-01T00:00:00.000Z').to).toBe('2027-01-02');
  });

  test('moves at midnight by UTC and not before', () => {
    expect(windowAt('2026-11-24T23:59:59.999Z')).toEqual(windowAt('2026-11-24T00:00:00.000Z'));
    expect(windowAt('2026-11-25T00:00:00.000Z').from).toBe(addDays(from, 1));
  });

  test('is 92 days in a row that all exist, at every instant', () => {
    const instants = fc.date({ min: new Date('2008-01-01'), max: new Date('2120-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, (instant) => {
        const { labels, index, ...bounds } = windowAt(instant.toISOString());
        expect(labels).toHaveLength(92);
        expect(bounds).toEqual({ from: labels[0], to: labels[91] });
        expect(labels[90]).toBe(utcDay(instant.toISOString()));
        labels.forEach((label, at) => {
          expect(isDay(label)).toBe(true);
          expect(label).toBe(addDays(bounds.from, at));
          expect(index.get(label)).toBe(at);
        });
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});

describe('what a source answers', () => {
  test('becomes one count a label, both bounds included', () => {
    expect([...countsOf(full())]).toEqual(Array.from({ length: 92 }, (_, at) => at));
  });

  test('may come in any order', () => {
    expect(countsOf(full().toReversed())).toEqual(countsOf(full()));
  });

  test('may lack the last day, which has not begun where the developer is', () => {
    expect(countsOf(without(to))[91]).toBe(0);
  });

  test.each([from, '2026-10-01', '2026-11-24'])('may not lack %s, if the source lists each day', (gone) => {
    expect(readWindow(window, without(gone), 'every_day')).toEqual({ ok: false, reason: 'missing_day' });
  });

  test('that is empty is no 92 zeros, if the source lists each day', () => {
    expect(readWindow(window, [], 'every_day')).toEqual({ ok: false, reason: 'missing_day' });
  });

  test('may lack any day of a source that lists only days with contributions', () => {
    expect([...countsOf([], 'sparse')]).toEqual(Array.from({ length: 92 }, () => 0));
    expect(countsOf([{ date: from, count: 3 }], 'sparse')[0]).toBe(3);
  });

  test('beside the window is ignored and counted, whatever it says', () => {
    const beside: DayCount[] = [
      { date: addDays(from, -1), count: 7 },
      { date: addDays(to, 1), count: 7 },
      { date: addDays(to, 1), count: -7 },
      { date: '2026-02-30', count: 7 },
      { date: 'yesterday', count: 7 },
      { date: '__proto__', count: 7 },
    ];
    const answer = readWindow(window, [...beside, ...full()], 'every_day');
    expect(answer).toEqual({ ok: true, counts: countsOf(full()), ignored: beside.length });
  });

  test.each(['every_day', 'sparse'] as const)('with the same day twice is no answer (%s)', (density) => {
    for (const again of [
      { date: to, count: 91 },
      { date: from, count: 5 },
    ]) {
      expect(readWindow(window, [...full(), again], density)).toEqual({ ok: false, reason: 'duplicate_day' });
    }
  });

  test.each([-1, 0.5, Number.NaN, Infinity, -Infinity, MAX_COUNT + 1, Number.MAX_SAFE_INTEGER])(
    'with the count %d is no answer',
    (count) => {
      for (const density of ['every_day', 'sparse'] as const) {
        const lying = [...without('2026-10-01'), { date: '2026-10-01', count }];
        expect(readWindow(window, lying, density)).toEqual({ ok: false, reason: 'not_a_count' });
      }
    },
  );

  test('with the greatest count that is taken keeps it exactly', () => {
    expect(countsOf([...without(to), { date: to, count: MAX_COUNT }])[91]).toBe(MAX_COUNT);
  });
});

describe('what differs', () => {
  test('is nothing where all is the same', () => {
    expect(differingDays(window, countsOf(full()), countsOf(full()))).toEqual([]);
  });

  test('is said with the value that it should have, up, down and to nothing', () => {
    const want = countsOf(full());
    want[0] = 9;
    want[50] = 0;
    want[91] = 1;
    expect(differingDays(window, countsOf(full()), want)).toEqual([
      { date: from, count: 9 },
      { date: window.labels[50], count: 0 },
      { date: to, count: 1 },
    ]);
  });

  test('set on what is kept gives the source, day by day', () => {
    const counts = fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: 92, maxLength: 92 })
      .map((list) => Int32Array.from(list));
    fc.assert(
      fc.property(counts, counts, (have, want) => {
        const kept = Int32Array.from(have);
        for (const { date, count } of differingDays(window, have, want)) kept[window.index.get(date)!] = count;
        expect(kept).toEqual(want);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
