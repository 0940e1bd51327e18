import { afterAll, beforeAll, test } from '@jest/globals';
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
    await play({
      where: 'test/model/system',
      make: () => SystemWorld.create(system.world),
      ...seedFrom(process.env, 4),
      sequences: Number(process.env['MODEL_SEQUENCES'] ?? 30),
      maxSteps: 15,
      withinMs: Number(process.env['MODEL_MINUTES'] ?? 4) * MINUTE,
    });
  },
  30 * MINUTE,
);

test.each(ONCE_FAILED)(
  'no more: $found',
  async ({ steps }) => {
    await playSteps(await SystemWorld.create(system.world), steps);
  },
  MINUTE,
);
