import * as fc from 'fast-check';
import { beginnings, SENDING } from './beginnings.ts';
import type { Told } from './once-failed.ts';
import type { Product } from './product.ts';
import { newState } from './state.ts';
import { anyStep, toStep } from './steps.ts';

/** What names one run of sequences, or one sequence: of the last two only what a failure printed means anything. */
export interface Seed {
  seed: number;
  path?: string;
  replayPath?: string;
}

/** Of the sequences that were asked for. */
const MOST_SKIPPED = 0.1;

export interface Play extends Seed {
  /** The test file, for whoever plays a failure again. */
  where: string;
  /** Makes the product of one sequence, fresh. */
  make(): Promise<Product>;
  sequences: number;
  maxSteps: number;
  /** No sequence starts later, and nothing is shrunk longer. */
  withinMs: number;
}

/** Plays sequences of steps; fails with the smallest one that does not keep to the model, and with what plays it again. */
export async function play({ seed, path, replayPath, ...limits }: Play): Promise<void> {
  const commands = fc.commands([anyStep], {
    maxCommands: limits.maxSteps,
    size: 'max',
    ...(replayPath !== undefined && { replayPath }),
  });
  const keepsToModel = fc.asyncProperty(beginnings, commands, async (first, steps) => {
    const real = await limits.make();
    try {
      const model = newState(real.durations);
      for (const step of first) await step.begin(model, real);
      await fc.asyncModelRun(() => ({ model, real }), steps);
    } finally {
      await real.close();
    }
  });
  const details = await fc.check(keepsToModel, {
    seed,
    numRuns: limits.sequences,
    // Else most sequences are short.
    unbiased: true,
    interruptAfterTimeLimit: limits.withinMs,
    maxSkipsPerRun: 1,
    ...(path !== undefined && { path }),
  });
  if (!details.failed) return requireEnough(details, limits);
  const report = await fc.asyncDefaultReportMessage(details);
  // What an assertion of Node.js throws is of another realm than a test's errors.
  const { message: why } = details.errorInstance as Error;
  throw new Error(`${why}\n\n${report}\n\nPlay it again: ${again(details)} npm test -- ${limits.where}\n`);
}

/** A suite that was cut short, or met a deadline every few sequences, has shown little. */
function requireEnough(
  { numRuns, numSkips }: { numRuns: number; numSkips: number },
  { sequences, where }: Play | Omit<Play, keyof Seed>,
): void {
  if (numRuns >= sequences && numSkips <= sequences * MOST_SKIPPED) return;
  throw new Error(`${where}: ${numRuns} of ${sequences} sequences were played, ${numSkips} were skipped.`);
}

/** Plays these steps, begun with one developer sending. */
export async function playSteps(real: Product, steps: readonly Told[]): Promise<void> {
  const model = newState(real.durations);
  try {
    for (const step of SENDING) await step.begin(model, real);
    for (const step of steps) await toStep(step).run(model, real);
  } finally {
    await real.close();
  }
}

type Failed = Pick<fc.RunDetailsCommon<unknown>, 'seed' | 'counterexamplePath' | 'counterexample'>;

function again({ seed, counterexamplePath, counterexample }: Failed): string {
  const replay = /replayPath="([^"]*)"/.exec(fc.stringify(counterexample))?.[1];
  return `MODEL_SEED=${seed} MODEL_PATH=${counterexamplePath} MODEL_REPLAY=${replay}`;
}

/** The seed that the environment asks for, or the suite's own. */
export function seedFrom(env: NodeJS.ProcessEnv, own: number): Seed {
  const { MODEL_SEED: seed, MODEL_PATH: path, MODEL_REPLAY: replayPath } = env;
  if (!seed) return { seed: own };
  return { seed: Number(seed), ...(path && { path }), ...(replayPath && { replayPath }) };
}
