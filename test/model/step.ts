import * as fc from 'fast-check';
import { checkSettled, DidNotSettle } from './checks.ts';
import { deadlines, elapsed, everythingSettled } from './model.ts';
import type { Answer, Product } from './product.ts';
import type { Outcome, State } from './state.ts';

/** So near to a deadline nobody can tell from outside what comes first: it is let pass. In milliseconds. */
const MARGIN_MS = 1500;

/** Waits out what is about to happen by itself, so that what is done next meets one state. */
async function letPass(state: State, product: Product, marginMs: number): Promise<void> {
  for (;;) {
    const near = deadlines(state).filter(([from]) => from <= product.now() + marginMs);
    if (near.length === 0) return;
    await product.pass(Math.max(...near.map(([, to]) => to)));
    elapsed(state, product.now());
    await settle(state, product);
  }
}

/**
 * A deadline that came in the midst of a step makes what was expected of it void: such a sequence shows nothing, and is
 * counted. Not where something did not happen at all.
 */
async function unlessLate(state: State, product: Product, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof DidNotSettle)) fc.pre(deadlines(state).every(([from]) => from > product.now()));
    throw error;
  }
}

/** One thing that is done or that happens, and what is looked at afterwards. */
export abstract class Step implements fc.AsyncCommand<State, Product> {
  abstract check(state: Readonly<State>): boolean;
  protected abstract take(state: State, product: Product): Promise<void>;
  abstract toString(): string;
  /** Takes it as what comes before a sequence, where only its answer is looked at. */
  abstract begin(state: State, product: Product): Promise<void>;

  async run(state: State, product: Product): Promise<void> {
    await unlessLate(state, product, async () => {
      await letPass(state, product, product.durations.windowMs > 3_600_000 ? 0 : MARGIN_MS);
      await this.take(state, product);
    });
  }
}

/** Waits for all that was accepted, and holds everything against the model. */
export async function settle(state: State, product: Product): Promise<void> {
  await checkSettled(state, product);
  everythingSettled(state);
}

export const outcomeOf = ({ status, code }: Answer): Outcome => (status < 300 ? 'ok' : code!);
