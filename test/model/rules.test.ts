import { expect, test } from '@jest/globals';
import { ONCE_FAILED } from './once-failed.ts';
import { play, playSteps, seedFrom } from './play.ts';
import { RulesWorld } from './rules-world.ts';

test('whatever people, sources and time do, the rules alone keep to the model', async () => {
  const played = play({
    where: 'test/model/rules',
    make: () => Promise.resolve(new RulesWorld()),
    ...seedFrom(process.env, 4),
    sequences: Number(process.env['MODEL_SEQUENCES'] ?? 400),
    maxSteps: 150,
    withinMs: 120_000,
  });
  await expect(played).resolves.toBeUndefined();
}, 300_000);

test.each(ONCE_FAILED)('no more: $found', async ({ steps }) => {
  await expect(playSteps(new RulesWorld(), steps)).resolves.toBeUndefined();
});
