import { setTimeout as delay } from 'node:timers/promises';
import { rotateKeys } from '../../src/db/rotate-keys.ts';
import type { Setting } from '../setting.ts';

const PAUSE_MS = 500;

/** An operator who changes keys back and forth, all the time; PostgreSQL may be down, then the next try goes on. */
export async function changeKeys({ pool, ciphers }: Setting, untilMs: number): Promise<void> {
  for (let turn = 0; Date.now() < untilMs; turn += 1) {
    await rotateKeys(pool, ciphers[turn % ciphers.length]!).catch(() => undefined);
    await delay(PAUSE_MS);
  }
}
