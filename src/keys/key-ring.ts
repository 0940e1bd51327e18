import { createSecretKey, type KeyObject } from 'node:crypto';

const KEY_BYTES = 32;

export interface KeyRing {
  /** What is made anew is made with this one. */
  newest: { id: string; key: KeyObject };
  find(id: string): KeyObject | undefined;
}

/**
 * @param keys `<id>:<32 bytes in base64>`, separated by commas, newest first
 * @throws Error for a list that cannot be used; its message holds no key
 */
export function readKeyRing(keys: string): KeyRing {
  const ring = new Map<string, KeyObject>();
  for (const [index, entry] of keys.split(',').entries()) {
    const colon = entry.indexOf(':');
    const id = entry.slice(0, colon);
    const bytes = Buffer.from(entry.slice(colon + 1), 'base64');
    if (colon < 1 || bytes.length !== KEY_BYTES) throw new Error(`Key ${index + 1} is not "<id>:<32 bytes in base64>"`);
    if (ring.has(id)) throw new Error(`Key ${index + 1} has the id of an earlier one`);
    ring.set(id, createSecretKey(bytes));
  }
  const [id, key] = [...ring][0]!;
  return { newest: { id, key }, find: (wanted) => ring.get(wanted) };
}
