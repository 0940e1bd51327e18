import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Looks again until `look` gives what `holds` accepts.
 * @throws after `limitMs`, naming what was waited for and what was seen last
 */
export async function until<Value>(
  what: string,
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
  limitMs = 30_000,
): Promise<Value> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(`After ${limitMs / 1000} s still waiting for ${what}; seen last: ${JSON.stringify(value)}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}
