import { expect, test } from '@jest/globals';
import { facts, printable, table, when } from '../../src/cli/text.ts';

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  expect(table(['A', 'LONG', 'Z'], [['wider', 1, null]], 'none')).toBe('A      LONG  Z\nwider  1     -\n');
});

test('a list without rows says so', () => {
  expect(table(['A'], [], 'No token was made yet.')).toBe('No token was made yet.\n');
});

test('what is absent is a dash, and yes and no are words', () => {
  expect(
    facts([
      ['Note', ''],
      ['Paused', false],
    ]),
  ).toBe('Note    -\nPaused  no\n');
});

test('text from elsewhere moves no cursor and breaks no line of a table', () => {
  expect(table(['NAME'], [['a\u001b[2J\nb']], 'none')).toBe('NAME\na [2J b\n');
  expect(printable('one\ntwo\r\u0007', true)).toBe('one\ntwo  ');
});

test('a time is printed to the second, as options take it', () => {
  expect(when('2026-11-24T08:30:00.123Z')).toBe('2026-11-24T08:30:00Z');
  expect(when(null)).toBeNull();
});
