import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { bucketsOf } from '../../src/domain/buckets.ts';

const holding = (id: string, count: number) => bucketsOf(count).filter(({ from, to }) => id > from && id <= to);

describe('buckets of connections', () => {
  test.each([1, 2, 3, 16, 100, 1000])('%d of them join each other from the first id to the last', (count) => {
    const buckets = bucketsOf(count);
    expect(buckets).toHaveLength(count);
    expect(buckets[0]!.from).toBe('00000000-0000-0000-0000-000000000000');
    expect(buckets.at(-1)!.to).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
    buckets.slice(1).forEach((bucket, at) => expect(bucket.from).toBe(buckets[at]!.to));
    for (const { from, to } of buckets) expect(from < to).toBe(true);
  });

  test('hold each connection exactly once', () => {
    fc.assert(
      fc.property(fc.uuid({ version: 4 }), fc.integer({ min: 1, max: 300 }), (id, count) => {
        expect(holding(id, count)).toHaveLength(1);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test.each([3, 16, 1000])('are equally wide, %d of them', (count) => {
    const head = (id: string) => Number.parseInt(id.slice(0, 8), 16);
    for (const { from, to } of bucketsOf(count)) {
      expect(Math.abs(head(to) - head(from) - 2 ** 32 / count)).toBeLessThan(2);
    }
  });
});
