import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERROR_ADVICE } from '../../src/api/error-advice.ts';
import { ERRORS } from '../../src/domain/errors.ts';

const rows = readFileSync('docs/errors.md', 'utf8')
  .split('\n')
  .map((line) => /^\| `(\w+)`\s*\|\s*(\d+) \| (.+?)\s+\| (.+?)\s+\|$/.exec(line))
  .filter((row) => row !== null)
  .map(([, code, status, title, advice]) => ({ code: code!, status: Number(status), title: title!, advice: advice! }));

test('the table of errors has each code once, with its status and title', () => {
  const listed = rows.map(({ code, status, title }) => [code, { status, title }]);
  expect(Object.fromEntries(listed)).toEqual(ERRORS);
  expect(rows).toHaveLength(Object.keys(ERRORS).length);
});

test('each code says what to do, and its page says the same', () => {
  expect(Object.fromEntries(rows.map(({ code, advice }) => [code, advice]))).toEqual(ERROR_ADVICE);
  expect(rows.filter(({ advice }) => !/[a-z]{3}.*\.$/.test(advice))).toEqual([]);
});
