import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { addDays, addDaysTo, addMs, daysBetween, isDay, utcDay, weekday } from '../../src/domain/dates.ts';

const days = fc
  .integer({ min: Date.parse('1970-01-01') / 86_400_000, max: Date.parse('2199-12-31') / 86_400_000 })
  .map((number) => utcDay(number * 86_400_000));

describe('a day is a label that stands in the calendar', () => {
  test.each(['2026-11-24', '2028-02-29', '2000-02-29', '2026-12-31', '2027-01-01', '9999-12-31'])('%s', (label) => {
    expect(isDay(label)).toBe(true);
  });

  test.each([
    '2027-02-29',
    '1900-02-29',
    '2026-02-30',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-1-1',
    '26-01-01',
    '2026-01-01T00:00:00Z',
    ' 2026-01-01',
    '2026/01/01',
    '+026-01-01',
    '٢٠٢٦-٠١-٠١',
    'today',
    '',
  ])('%j is none', (label) => {
    expect(isDay(label)).toBe(false);
  });
});

describe('counting days', () => {
  test.each([
    ['2026-12-31', 1, '2027-01-01'],
    ['2027-01-01', -1, '2026-12-31'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2027-02-28', 1, '2027-03-01'],
    ['2028-03-01', -1, '2028-02-29'],
    ['2026-11-24', -90, '2026-08-26'],
    ['2026-11-24', 0, '2026-11-24'],
  ])('%s and %d days is %s', (from, count, to) => {
    expect(addDays(from, count)).toBe(to);
    expect(daysBetween(from, to)).toBe(count);
  });

  test('there and back is where it began, every label on the way exists, and weekdays follow each other', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: -800, max: 800 }), (from, count) => {
        const to = addDays(from, count);
        expect(isDay(to)).toBe(true);
        expect(addDays(to, -count)).toBe(from);
        expect(daysBetween(from, to)).toBe(count);
        expect(weekday(to)).toBe((((weekday(from) + count) % 7) + 7) % 7);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('a week begins with Sunday', () => {
    expect(['2026-11-22', '2026-11-23', '2026-11-28'].map(weekday)).toEqual([0, 1, 6]);
  });
});

describe('an instant', () => {
  test('has the date that UTC has then', () => {
    expect(utcDay('2026-12-31T23:59:59.999Z')).toBe('2026-12-31');
    expect(utcDay('2027-01-01T01:00:00+02:00')).toBe('2026-12-31');
    expect(utcDay(Date.parse('2028-02-29T00:00:00Z'))).toBe('2028-02-29');
  });

  test('moves by milliseconds and by whole days, whatever clocks do in between', () => {
    expect(addMs('2026-12-31T23:59:59.999Z', 1)).toBe('2027-01-01T00:00:00.000Z');
    // A night in which clocks go back in Europe.
    expect(addDaysTo('2026-10-24T22:30:00.000Z', 1)).toBe('2026-10-25T22:30:00.000Z');
    expect(addDaysTo('2028-02-28T12:00:00.000Z', 90)).toBe('2028-05-28T12:00:00.000Z');
  });
});
