import { startSweepers } from '../../src/sweepers/sweepers.ts';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { startWork } from '../api/workers.ts';
import { rotateKeys } from '../../src/db/rotate-keys.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { newKey, SEALING } from '../support/audit-seal.ts';
import type { Durations } from './product.ts';

/** Short enough to live through many windows, and long enough for several acts within one. */
export const SHORT: Durations = { windowMs: 6000, expiryMs: 6000, intervalMs: 1000, sightings: 2, connectLooks: 2 };

export interface SystemHost {
  world: ApiWorld;
  /** Seals everything anew, with the one of its two keys and then with the other. */
  rotatesKeys(): Promise<void>;
  close(): Promise<void>;
}

/** The real system, once for all sequences: API, workers and sweepers. Each sequence has an instance of its own in it. */
export async function startSystem(): Promise<SystemHost> {
  const ms = (value: number) => `${value}ms`;
  const [one, other] = [newKey('k1'), newKey('k2')];
  const ciphers = [createTokenCipher(`${other},${one}`), createTokenCipher(`${one},${other}`)] as const;
  let rotations = 0;
  const world = await createApiWorld({
    TOKEN_KEYS: `${one},${other}`,
    RESTORE_WINDOW: ms(SHORT.windowMs),
    REQUEST_EXPIRY: ms(SHORT.expiryMs),
    REQUEST_CONTACT_DUE: '1h',
    NUDGE_EVERY: ms(SHORT.intervalMs),
    UPDATE_NOW_EVERY: ms(SHORT.intervalMs),
    GRACE_TOKEN: '0ms',
    GRACE_OBSERVED: '0ms',
    GRACE_SIGHTINGS: String(SHORT.sightings),
    CONNECT_GRACE: '0ms',
    CONNECT_LOOKS: String(SHORT.connectLooks),
    SYNC_EVERY: '3650d',
    SWEEP_EVERY: '100ms',
  });
  const stopWork = await startWork(world);
  const { parts, deps } = world;
  const { github, logger: log } = deps;
  const stopSweeps = startSweepers({ ...parts, github, audit: SEALING, log, clock: () => new Date() });
  return {
    world,
    async rotatesKeys() {
      await rotateKeys(world.pool, ciphers[rotations++ % 2]!);
    },
    async close() {
      await stopSweeps();
      await stopWork();
      await world.close();
    },
  };
}
