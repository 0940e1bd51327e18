import { describe, expect, test } from '@jest/globals';
import { isFields, isId, parseJson, toUtcSecond } from '../../src/net/json.ts';

describe('a time', () => {
  test.each([
    ['2019-03-14T08:30:00Z', '2019-03-14T08:30:00Z'],
    ['2019-03-14T08:30:00.999Z', '2019-03-14T08:30:00Z'],
    ['2019-03-14T00:30:00+01:00', '2019-03-13T23:30:00Z'],
    ['2019-12-31T20:30:00-05:30', '2020-01-01T02:00:00Z'],
    ['2020-02-29T12:00:00Z', '2020-02-29T12:00:00Z'],
  ])('%s is %s in UTC, to the second', (value, second) => {
    expect(toUtcSecond(value)).toBe(second);
  });

  test.each([
    '2019-03-14T08:30:00',
    '2019-03-14 08:30:00Z',
    '2019-03-14',
    '2019-02-29T08:30:00Z',
    '2019-02-30T08:30:00+01:00',
    '2019-13-01T08:30:00Z',
    '2019-03-14T25:00:00Z',
    '2019-03-14T08:61:00Z',
    'yesterday',
    '',
    1_552_552_200,
    null,
    undefined,
    ['2019-03-14T08:30:00Z'],
  ])('%j is none', (value) => {
    expect(toUtcSecond(value)).toBeUndefined();
  });
});

describe('JSON', () => {
  test('that is none is nothing, and null is a value', () => {
    expect(parseJson(Buffer.from('{"a":'))).toBeUndefined();
    expect(parseJson(Buffer.from(''))).toBeUndefined();
    expect(parseJson(Buffer.from('null'))).toBeNull();
    expect(parseJson(Buffer.from('{"a":[1]}'))).toEqual({ a: [1] });
  });

  test('has fields only as an object', () => {
    expect([{}, { a: 1 }].every(isFields)).toBe(true);
    expect([null, undefined, [], 'a', 1].some(isFields)).toBe(false);
  });
});

test('an id is a whole number above zero that JavaScript holds exactly', () => {
  expect([1, 1005, Number.MAX_SAFE_INTEGER].every(isId)).toBe(true);
  expect([0, -1, 1.5, 2 ** 53, Number.NaN, Infinity, '1', null, undefined].some(isId)).toBe(false);
});
