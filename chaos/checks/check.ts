import type { Run } from '../../demo/story/people.ts';
import type { Cast } from '../load/cast.ts';
import type { Random } from '../random.ts';
import type { Setting } from '../setting.ts';

/** What is looked at after a round, when all has healed. */
export interface World {
  setting: Setting;
  cast: Cast;
  /** The run that reported success after the faults. */
  run: Run;
  random: Random;
}

export interface Violation {
  /** What was expected. */
  expected: string;
  /** What was there instead. */
  facts: unknown;
}

export interface Outcome {
  /** How many single things were looked at. */
  checked: number;
  violations: Violation[];
}

export type Check = (world: World) => Promise<Outcome>;
