import { readFileSync } from 'node:fs';
import { atMost, type Say } from '../measured.ts';
import { median } from '../statistics.ts';
import { MIXES, timedPass } from './passes.ts';
import type { Population } from './population.ts';
import type { Setting } from './setting.ts';
import type { Side } from './sides.ts';

const GOAL = 1.25;

/** Peak resident memory of a fresh worker that syncs few developers, and of one that syncs ten times as many. */
export async function measureMemory(
  setting: Setting,
  side: Side,
  { few, many }: { few: Population; many: Population },
  rounds: number,
  say: Say,
) {
  const peaks: Record<'few' | 'many', number[]> = { few: [], many: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, population] of [
      ['few', few],
      ['many', many],
    ] as const) {
      await setting.stack.worker!.restart();
      await timedPass(setting, side, MIXES[0]!, population);
      const peak = peakMiB(setting.stack.worker!.pid);
      if (peak === undefined) return { figures: [atMost('worker-memory-ratio', GOAL, undefined)], detail: {} };
      peaks[name].push(peak);
      say(
        `memory, round ${round} of ${rounds}: a fresh worker peaks at ${peak} MiB with ${population.developers.length} users`,
      );
    }
  }
  const ratio = median(peaks.many) / median(peaks.few);
  const users = { few: few.developers.length, many: many.developers.length };
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
