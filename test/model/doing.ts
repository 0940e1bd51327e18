import { checkAtOnce, hasToSettle, isUnderWay, untilSettled } from './checks.ts';
import { did, everythingSettled, isOfUse, outcomesOf } from './model.ts';
import type { Act, Product } from './product.ts';
import type { State } from './state.ts';
import { outcomeOf, settle, Step } from './step.ts';
import { canSignIn } from './visitor-model.ts';

/** Whether the next act waits for what follows from this one; `blind`: it does not even wait for a look at it. */
export type Haste = 'none' | 'seen' | 'blind';

export interface How {
  haste: Haste;
  /** Sends it again, under the same key. */
  twice: boolean;
  /** Also where it would be refused or change nothing. */
  daring: boolean;
}

/** Somebody does something. */
export class Doing extends Step {
  readonly act: Act;
  readonly haste: Haste;
  readonly twice: boolean;
  readonly #daring: boolean;

  constructor(act: Act, { haste, twice, daring }: How) {
    super();
    this.act = act;
    this.haste = HASTY.includes(act.do) ? haste : 'none';
    this.twice = twice && !ONCE.includes(act.do);
    this.#daring = daring;
  }

  check(state: Readonly<State>): boolean {
    const { act } = this;
    if ((act.do === 'answer' || act.do === 'handle') && state.request === undefined) return false;
    if (act.do === 'sign_in' && !canSignIn(state, act.user)) return false;
    return this.#daring || isOfUse(state, act);
  }

  protected async take(state: State, product: Product): Promise<void> {
    const { act } = this;
    const waits = !OVERLAPPING.includes(act.do) || hasToSettle(state);
    if (waits && isUnderWay(state)) await settle(state, product);
    await this.answer(state, product);
    if (this.haste === 'blind') return;
    if (this.haste === 'seen' || isUnderWay(state)) await checkAtOnce(state, product);
    if (this.haste === 'none') await settle(state, product);
  }

  /** Does it, and expects what it is answered. */
  protected async answer(state: State, product: Product): Promise<void> {
    const { act } = this;
    const from = product.now();
    const answer = await product.act(act, this.twice);
    const at = [from, product.now()] as const;
    const outcome = outcomeOf(answer);
    const expected = outcomesOf(state, act, at);
    if (!expected.includes(outcome)) {
      throw new Error(`${JSON.stringify(act)} was answered ${outcome}, and not ${expected.join(' or ')}`);
    }
    did(state, act, at, outcome);
  }

  override async begin(state: State, product: Product): Promise<void> {
    await this.answer(state, product);
    if (isUnderWay(state)) await untilSettled(state, product);
    everythingSettled(state);
  }

  override toString(): string {
    return `${JSON.stringify(this.act)}${this.haste === 'none' ? '' : ` ${this.haste}`}${this.twice ? ' twice' : ''}`;
  }
}

/** A browser's way, and what ends the caller. */
const ONCE: readonly Act['do'][] = ['sign_in', 'sign_out', 'forget_me'];
const HASTY: readonly Act['do'][] = ['opt_out', 'forget', 'move', 'switch', 'revoke'];
const OVERLAPPING: readonly Act['do'][] = [
  ...HASTY,
  'connect',
  'send',
  'update',
  'reconnect',
  'show',
  'record_connect',
  'terms',
];
