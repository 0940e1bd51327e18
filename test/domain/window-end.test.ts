import { describe, expect, test } from '@jest/globals';
import { windowEnd } from '../../src/domain/window-end.ts';

const DAY = 86_400_000;
const on = (day: number) => new Date(Date.UTC(2027, 0, 1) + day * DAY).toISOString();
const ends = (known: [generation: number, end: number | null], ...closes: [generation: number, day: number][]) =>
  windowEnd(
    { generation: known[0], restoreUntil: known[1] === null ? null : on(known[1]) },
    closes.map(([generation, day]) => ({ generation, askedAt: on(day) })),
    90 * DAY,
  );

describe('the window to come back', () => {
  test('begins with the first closing', () => {
    expect(ends([2, null], [3, 10])).toBe(on(100));
    expect(ends([2, null], [3, 10], [4, 50])).toBe(on(100));
  });

  test('is as it was where nothing is known to have happened since', () => {
    expect(ends([2, null])).toBeNull();
    expect(ends([3, 90])).toBe(on(90));
  });

  test('is not prolonged by what was asked for while it ran', () => {
    expect(ends([3, 90], [4, 80])).toBe(on(90));
    expect(ends([3, 90], [4, 50], [5, 80])).toBe(on(90));
  });

  test('begins anew for whoever came back', () => {
    expect(ends([3, 90], [5, 80])).toBe(on(170));
    expect(ends([3, 90], [4, 20], [6, 80], [7, 85])).toBe(on(170));
    expect(ends([2, null], [3, 10], [5, 40])).toBe(on(130));
  });

  test('of what had been accepted before is as it was', () => {
    expect(ends([3, 90], [3, 5])).toBe(on(90));
  });
});
