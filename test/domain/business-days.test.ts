import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { dueAt, isBusinessDay, parseDueRule } from '../../src/domain/business-days.ts';
import { addDays, daysBetween, utcDay } from '../../src/domain/dates.ts';

describe('two business days', () => {
  const two = parseDueRule('2bd', ['2026-12-25', '2026-12-28']);

  test.each([
    ['from a Monday end on Wednesday at the same time', '2026-11-23T09:30:00.000Z', '2026-11-25T09:30:00.000Z'],
    ['from a Thursday end on Monday', '2026-11-26T09:30:00.000Z', '2026-11-30T09:30:00.000Z'],
    ['from a Saturday end on Tuesday', '2026-11-28T09:30:00.000Z', '2026-12-01T09:30:00.000Z'],
    ['from Christmas Eve skip the holidays and the weekend', '2026-12-24T23:59:59.999Z', '2026-12-30T23:59:59.999Z'],
    ['are days in UTC, not where somebody sits', '2026-11-23T23:30:00-05:00', '2026-11-26T04:30:00.000Z'],
  ])('%s', (_name, from, due) => {
    expect(dueAt(from, two)).toBe(due);
  });

  test('are never fewer than two days, and count exactly two business days', () => {
    const instants = fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 20 }), (from, businessDays) => {
        const holidays = ['2026-12-25', '2027-01-01'];
        const due = dueAt(from.toISOString(), { businessDays, holidays });
        const start = utcDay(from.toISOString());
        const passed = Array.from({ length: daysBetween(start, utcDay(due)) }, (_, n) => addDays(start, n + 1));
        expect(passed.filter((day) => isBusinessDay(day, holidays))).toHaveLength(businessDays);
        expect(due.slice(10)).toBe(from.toISOString().slice(10));
        expect(businessDays === 0 || isBusinessDay(utcDay(due), holidays)).toBe(true);
      }),
    );
  });
});

test('a plain duration counts every hour', () => {
  expect(dueAt('2026-11-28T09:30:00.000Z', parseDueRule('36h', []))).toBe('2026-11-29T21:30:00.000Z');
  expect(dueAt('2026-11-28T09:30:00.000Z', parseDueRule('250ms', []))).toBe('2026-11-28T09:30:00.250Z');
});

test('text that is neither is refused', () => {
  expect(() => parseDueRule('soon', [])).toThrow(RangeError);
  expect(() => parseDueRule('2 bd', [])).toThrow(RangeError);
});
