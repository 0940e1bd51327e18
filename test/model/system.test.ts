import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ONCE_FAILED } from './once-failed.ts';
import { play, playSteps, seedFrom } from './play.ts';
import { startSystem, type SystemHost } from './system-host.ts';
import { SystemWorld } from './system-world.ts';

const MINUTE = 60_000;

let system: SystemHost;
beforeAll(async () => {
  system = await startSystem();
}, MINUTE);
afterAll(() => system.close());

test(
  'whatever people, sources and time do, the system keeps to the model',
  async () => {
    const played = play({
      where: 'test/model/system',
      make: () => SystemWorld.create(system),
      ...seedFrom(process.env, 4),
      sequences: Number(process.env['MODEL_SEQUENCES'] ?? 30),
      maxSteps: 30,
      withinMs: Number(process.env['MODEL_MINUTES'] ?? 8) * MINUTE,
    });
    await expect(played).resolves.toBeUndefined();
  },
  30 * MINUTE,
);

test.each(ONCE_FAILED)(
  'no more: $found',
  async ({ steps }) => {
    await expect(playSteps(await SystemWorld.create(system), steps)).resolves.toBeUndefined();
  },
  MINUTE,
);
