import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { onAbort } from '../../src/net/on-abort.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('an abort reaches everybody who waits for it, by one listener, and nobody who has finished', () => {
  const giving = new AbortController();
  const cut: string[] = [];
  const finishes = ['first', 'second', 'third'].map((name) => onAbort(giving.signal, () => cut.push(name)));
  expect(listeners(giving.signal)).toBe(1);
  finishes[1]!();
  giving.abort();
  expect(cut).toEqual(['first', 'third']);
});

test('a signal that nobody waits for any more holds on to nothing', () => {
  const { signal } = new AbortController();
  const finishes = [onAbort(signal, () => {}), onAbort(signal, () => {})];
  for (const finish of finishes) finish();
  finishes[0]!();
  expect(listeners(signal)).toBe(0);
  onAbort(signal, () => {});
  expect(listeners(signal)).toBe(1);
});

test('who finishes because of the abort may say so while it is told to the others', () => {
  const giving = new AbortController();
  const cut: string[] = [];
  const finish = onAbort(giving.signal, () => {
    cut.push('first');
    finish();
  });
  onAbort(giving.signal, () => cut.push('second'));
  giving.abort();
  expect(cut).toEqual(['first', 'second']);
});
