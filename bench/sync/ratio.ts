import { atLeast, type Figure, type Say } from '../measured.ts';
import { median, spreadOf, type Spread } from '../statistics.ts';
import { MIXES, timedPass } from './passes.ts';
import type { Population } from './population.ts';
import type { Setting } from './setting.ts';
import type { Side } from './sides.ts';

const GOAL = 0.8;

interface Round {
  temporalMs: number;
  plainMs: number;
  /** The product's rate as a part of the plain script's. */
  ratio: number;
}

/** Both sides in turn, the other one first in each round, so that what disturbs the machine disturbs both. */
export async function measureRatio(
  setting: Setting,
  sides: Record<'temporal' | 'plain', Side>,
  population: Population,
  rounds: number,
  say: Say,
) {
  const users = population.developers.length;
  const perSecond = (ms: number) => Math.round(users / (ms / 1000));
  const kept: Record<string, Round[]> = Object.fromEntries(MIXES.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const mix of MIXES) {
      const ms = { temporal: 0, plain: 0 };
      const order = round % 2 === 0 ? (['temporal', 'plain'] as const) : (['plain', 'temporal'] as const);
      for (const side of order) ms[side] = await timedPass(setting, sides[side], mix, population);
      const ratio = ms.plain / ms.temporal;
      const name = round === 0 ? 'warm-up' : `round ${round} of ${rounds}`;
      say(
        `${name}, ${mix.name}: Temporal ${perSecond(ms.temporal)} users/s, plain ${perSecond(ms.plain)} users/s, ratio ${ratio.toFixed(3)}`,
      );
      if (round > 0) kept[mix.name]!.push({ temporalMs: ms.temporal, plainMs: ms.plain, ratio });
    }
  }
  const mixes = Object.entries(kept).map(([mix, all]) => summary(mix, all, perSecond));
  for (const { mix, ratio, usersPerSecond } of mixes) {
    say(
      `${mix}: ratio min ${ratio.min.toFixed(3)}, median ${ratio.median.toFixed(3)}, max ${ratio.max.toFixed(3)}; ` +
        `medians ${usersPerSecond.temporal} users/s through Temporal, ${usersPerSecond.plain} plain`,
    );
  }
  const worst = Math.min(...mixes.map(({ ratio }) => ratio.median));
  const figures: Figure[] = [
    atLeast('sync-ratio', GOAL, worst),
    ...mixes.map(({ mix, ratio }) => atLeast(`sync-ratio-${mix}`, GOAL, ratio.median)),
  ];
  return { figures, detail: { users, mixes } };
}

interface Summary {
  mix: string;
  ratio: Spread;
  usersPerSecond: { temporal: number; plain: number };
  rounds: Round[];
}

function summary(mix: string, rounds: Round[], perSecond: (ms: number) => number): Summary {
  return {
    mix,
    ratio: spreadOf(rounds.map(({ ratio }) => ratio)),
    usersPerSecond: {
      temporal: perSecond(median(rounds.map(({ temporalMs }) => temporalMs))),
      plain: perSecond(median(rounds.map(({ plainMs }) => plainMs))),
    },
    rounds,
  };
}
