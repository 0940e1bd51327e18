import { readFileSync } from 'node:fs';
import { atMost, type Say } from '../measured.ts';
import { median } from '../statistics.ts';
import { MIXES, timedPass } from './passes.ts';
import type { Population } from './population.ts';
import type { Setting } from './setting.ts';
import type { Side } from './sides.ts';

const GOAL = 1.25;

/**
 * Peak resident memory of a fresh worker, of few developers and of many. Both workers read as many windows in all, the
 * one by syncing its few again and again: a heap grows with the work done until it is swept, and that is not asked here.
 */
export async function measureMemory(
  setting: Setting,
  side: Side,
  { few, many }: { few: Population; many: Population },
  rounds: number,
  say: Say,
) {
  const users = { few: few.developers.length, many: many.developers.length };
  const cases = [
    { name: 'few', population: few, passes: Math.round(users.many / users.few) },
    { name: 'many', population: many, passes: 1 },
  ] as const;
  const peaks: Record<'few' | 'many', number[]> = { few: [], many: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, population, passes } of cases) {
      await setting.stack.worker!.restart();
      for (let pass = 0; pass < passes; pass += 1) await timedPass(setting, side, MIXES[0]!, population);
      const peak = peakMiB(setting.stack.worker!.pid);
      if (peak === undefined) return { figures: [atMost('worker-memory-ratio', GOAL, undefined)], detail: {} };
      peaks[name].push(peak);
      say(
        `memory, round ${round} of ${rounds}: a fresh worker peaks at ${peak} MiB after ${passes} × ${users[name]} users, all new`,
      );
    }
  }
  const ratio = median(peaks.many) / median(peaks.few);
  return { figures: [atMost('worker-memory-ratio', GOAL, ratio)], detail: { users, peakMiB: peaks } };
}

/** The kernel's own high-water mark, so that no peak falls between two looks. Linux alone tells it. */
function peakMiB(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
  } catch {
    return undefined;
  }
}
