import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { takeLock } from '../../src/stack/lock.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('a lock', () => {
  test('is held by one at a time and can be taken again after its release', () => {
    const file = join(sandbox.folder(), 'lock');
    const first = takeLock(file);
    const second = takeLock(file);
    expect(second).toEqual({ held: false, holder: expect.objectContaining({ pid: process.pid }) });
    if (first.held) first.release();
    expect(takeLock(file).held).toBe(true);
  });

  test.each([
    ['whose holder died, its pid being a stranger by now', JSON.stringify({ pid: process.pid, startedAt: 'before' })],
    ['that was cut short', '{"pid":'],
  ])('%s is taken over', (_title, content) => {
    const file = join(sandbox.folder(), 'lock');
    writeFileSync(file, content);
    expect(takeLock(file).held).toBe(true);
  });
});
