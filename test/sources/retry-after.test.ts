import { describe, expect, test } from '@jest/globals';
import { retryAfterMs } from '../../src/sources/retry-after.ts';

const HOUR = 3_600_000;
const inSeconds = (seconds: number) => String(Math.floor(Date.now() / 1000) + seconds);
const httpDate = (ms: number) => new Date(Date.now() + ms).toUTCString();
/** A header as HTTP brings it: a list, where it came twice. */
const asked = (headers: Record<string, string | string[]>) => retryAfterMs(headers);

describe('how long an answer asks to wait', () => {
  test.each([
    ['0', 0],
    ['7', 7_000],
    [' 60 ', 60_000],
    ['86400', 24 * HOUR],
    ['86401', 24 * HOUR],
    ['99999999999999999999', 24 * HOUR],
  ])('is a number of seconds, a day at the most: %j', (value, ms) => {
    expect(asked({ 'retry-after': value })).toBe(ms);
  });

  test('is a date, rounded to its second, and nothing where that has passed', () => {
    const ms = asked({ 'retry-after': httpDate(10_000) })!;
    expect(ms).toBeGreaterThan(8_000);
    expect(ms).toBeLessThanOrEqual(10_000);
    expect(asked({ 'retry-after': httpDate(48 * HOUR) })).toBe(24 * HOUR);
    expect(asked({ 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' })).toBe(0);
    expect(asked({ 'retry-after': 'Sunday, 06-Nov-94 08:49:37 GMT' })).toBe(0);
    expect(asked({ 'retry-after': 'Sun Nov  6 08:49:37 1994' })).toBe(0);
  });

  test.each(['-1', '1.5', 'soon', '', '5, 10', 'Sun, 99 Nov 2026 99:99:99 GMT'])(
    'is nothing that can be told where it is neither: %j',
    (value) => {
      expect(asked({ 'retry-after': value })).toBeUndefined();
    },
  );

  test('is nothing that can be told where it is asked for twice', () => {
    expect(asked({ 'retry-after': ['5', '10'] })).toBeUndefined();
  });

  test('is the reset of the hour’s limit, where that is used up', () => {
    const ms = asked({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(300) })!;
    expect(ms).toBeGreaterThan(298_000);
    expect(ms).toBeLessThanOrEqual(300_000);
    expect(asked({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' })).toBe(0);
    expect(asked({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(1e6) })).toBe(24 * HOUR);
    expect(asked({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(300), 'retry-after': '5' })).toBe(
      5_000,
    );
  });

  test('is nothing where the limit is not used up, or its reset is no time', () => {
    expect(asked({ 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': inSeconds(300) })).toBeUndefined();
    expect(asked({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'then' })).toBeUndefined();
    expect(asked({ 'x-ratelimit-remaining': '0' })).toBeUndefined();
    expect(asked({})).toBeUndefined();
  });
});
