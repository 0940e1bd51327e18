import { rotateKeys } from '../../src/db/rotate-keys.ts';
import type { Outcome, World } from './check.ts';

/** Every stored token opens, and is sealed by the newest key when `keys rotate` is through, whatever broke it off before. */
export async function checkKeys({ setting: { pool, ciphers } }: World): Promise<Outcome> {
  const { inUse, unreadable } = await rotateKeys(pool, ciphers[0]!);
  const checked = inUse.reduce((sum, { rows }) => sum + Object.values(rows).reduce((all, count) => all + count, 0), 0);
  if (Object.keys(unreadable).length === 0) return { checked, violations: [] };
  return { checked, violations: [{ expected: 'every stored token to open', facts: unreadable }] };
}
