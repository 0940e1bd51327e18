import { setTimeout as delay } from 'node:timers/promises';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import type { Random } from '../random.ts';
import type { Complain } from './caller.ts';
import type { Cast } from './cast.ts';
import { act } from './developer.ts';

const THINKS_MS = { least: 150, most: 1_200 };

/** Everybody acts, each at their own pace, until the time is up; resolves when the last has finished what they began. */
export async function runLoad(cast: Cast, random: Random, untilMs: number, complain: Complain): Promise<void> {
  const inTurns = async (name: string, turn: (chance: Random) => Promise<void>) => {
    const chance = random.fork(name);
    for (;;) {
      await delay(chance.between(THINKS_MS.least, THINKS_MS.most));
      if (Date.now() >= untilMs) return;
      await turn(chance);
    }
  };
  await Promise.all([
    ...cast.developers.map((developer) => inTurns(developer.key, (chance) => act(developer, chance, complain))),
    ...[...cast.staff, ...cast.visitors].map((one) => inTurns(one.name, (chance) => one.act(chance))),
    inTurns('source', async (chance) => {
      const daysAgo = chance.between(0, 92);
      const date = addDays(utcDay(Date.now()), -daysAgo);
      await cast.contributes(chance.pick(cast.developers), date, chance.between(0, 20));
    }),
  ]);
}
