import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { whileStarted } from '../../src/sweepers/while-started.ts';

const leavesListener = (signal: AbortSignal) => Promise.resolve(signal.addEventListener('abort', () => undefined));

test('nothing that a sweep leaves on its signal stays on the one that lives on', async () => {
  const stop = new AbortController();
  for (let sweep = 0; sweep < 20; sweep += 1) await whileStarted(stop.signal, leavesListener);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});

test('what is under way is cut at the stop, and what begins after it as well', async () => {
  const stop = new AbortController();
  const cut = (signal: AbortSignal) =>
    new Promise<string>((resolve) => {
      if (signal.aborted) resolve('before');
      else signal.addEventListener('abort', () => resolve('meanwhile'));
    });
  const underWay = whileStarted(stop.signal, cut);
  stop.abort();
  expect([await underWay, await whileStarted(stop.signal, cut)]).toEqual(['meanwhile', 'before']);
});
