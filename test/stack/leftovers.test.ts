import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { reclaimLeftovers } from '../../src/stack/leftovers.ts';
import { identify, isRunning } from '../../src/stack/process-identity.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('what an earlier start left running', () => {
  test('is stopped when pid and start time are the noted ones', async () => {
    const leftover = sandbox.stranger();
    const folder = withNote({ ...identify(leftover.pid), name: 'temporal', stopSignal: 'SIGTERM' });
    const said: string[] = [];
    await reclaimLeftovers(folder, (line) => said.push(line));
    expect(identify(leftover.pid)).toBeUndefined();
    expect(said).toEqual([`Stopping temporal (pid ${leftover.pid}), which an earlier start left behind.`]);
    expect(existsSync(join(folder, 'run', 'note.json'))).toBe(false);
  });

  test('is left alone when a stranger has its pid by now', async () => {
    const stranger = sandbox.stranger();
    const identity = identify(stranger.pid);
    const folder = withNote({
      pid: stranger.pid,
      startedAt: 'another boot/42',
      name: 'temporal',
      stopSignal: 'SIGTERM',
    });
    await reclaimLeftovers(folder, () => undefined);
    expect(identity && isRunning(identity)).toBe(true);
    expect(existsSync(join(folder, 'run', 'note.json'))).toBe(false);
  });

  test.each(['', '{"pid":', '{"pid":-1,"startedAt":"x","name":"api","stopSignal":"SIGTERM"}', '{"pid":1}'])(
    'is forgotten when its note is no note: %s',
    async (text) => {
      const folder = withNote(text);
      await reclaimLeftovers(folder, () => undefined);
      expect(existsSync(join(folder, 'run', 'note.json'))).toBe(false);
    },
  );
});

function withNote(note: unknown): string {
  const folder = sandbox.folder();
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'run', 'note.json'), typeof note === 'string' ? note : JSON.stringify(note));
  return folder;
}
