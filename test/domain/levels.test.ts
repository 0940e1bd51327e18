import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { levelsOf } from '../../src/domain/levels.ts';

const levels = (counts: number[]) => counts.map(levelsOf(counts));

describe('the five levels of the graph', () => {
  test('divide the days with contributions in quarters', () => {
    expect(levels([1, 2, 3, 4, 5, 6, 7, 8])).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(levels([10, 20, 30])).toEqual([1, 2, 3]);
  });

  test('leave days without contributions out, which are level 0', () => {
    expect(levels([0, 0, 0, 0, 1, 2, 3, 4])).toEqual([0, 0, 0, 0, 1, 2, 3, 4]);
  });

  test('do not make all other days pale for one exceptional day', () => {
    expect(levels([1, 2, 3, 4, 5, 6, 7, 5000])).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test('of a single day, of equal days and of nothing', () => {
    expect(levels([5])).toEqual([1]);
    expect(levels([4, 4, 4, 4, 4])).toEqual([1, 1, 1, 1, 1]);
    expect(levels([])).toEqual([]);
    expect(levelsOf([])(0)).toBe(0);
  });

  test('never fall where the count rises, are equal where counts are, and are 0 only for none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 120 }), (counts) => {
        const level = levelsOf(counts);
        const grown = counts.toSorted((a, b) => a - b).map(level);
        expect(grown).toEqual(grown.toSorted((a, b) => a - b));
        expect(counts.filter((count) => (level(count) === 0) !== (count === 0))).toEqual([]);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
