import { checkSettled, isUnderWay } from './checks.ts';
import { did, everythingSettled, isOfUse, outcomesOf } from './model.ts';
import type { Act, Product } from './product.ts';
import { copyOf, liveConnections, readFailure, type Moment, type Outcome, type State } from './state.ts';
import { outcomeOf, settle, Step } from './step.ts';

/** Somebody else was quicker, so that there was nothing to do; any order of the two explains that. */
const NOTHING_DONE: readonly Outcome[] = ['fence_moved', 'sync_running'];

/**
 * Two acts at the same time: the answers are those of one order, and what becomes of them as well. Which one, nobody is
 * told: it is looked for.
 */
export class Together extends Step {
  readonly acts: readonly [Act, Act];

  constructor(one: Act, other: Act) {
    super();
    this.acts = [one, other];
  }

  /** What is read meanwhile is read well: else it is open what had been seen before what. */
  check(state: Readonly<State>): boolean {
    const of = (kinds: readonly Act['do'][]) => this.acts.some((act) => kinds.includes(act.do));
    // Whose credentials end meanwhile may be refused for that, or not.
    if (of(['sign_in', 'sign_out', 'forget_me'])) return false;
    // What a check of eligibility says of an instance that turns off depends on how far that has come.
    if (of(['request', 'handle']) && of(['switch', 'revoke', 'sync', 'record_connect'])) return false;
    // A pause may come before the read that follows, which then is the next run's.
    if (of(['sync']) && !state.connect && of(['send', 'update', 'reconnect', 'move'])) return false;
    const hasWhatItNeeds = ({ do: act }: Act) => state.request !== undefined || (act !== 'answer' && act !== 'handle');
    if (!this.acts.every(hasWhatItNeeds) || !this.acts.some((act) => isOfUse(state, act))) return false;
    return liveConnections(state).every((one) => !readFailure(state, one));
  }

  protected async take(state: State, product: Product): Promise<void> {
    if (isUnderWay(state)) await settle(state, product);
    const from = product.now();
    const answers = await Promise.all(this.acts.map((act) => product.act(act, false)));
    const at = [from, product.now()] as const;
    const outcomes = answers.map(outcomeOf);
    const orders = [[0, 1] as const, [1, 0] as const].flatMap((order) => this.#inOrder(order, state, at, outcomes));
    if (orders.length === 0)
      throw new Error(`${this.toString()} was answered ${outcomes.join(' and ')}, as in no order of the two`);
    await this.#find(state, product, orders);
  }

  #inOrder(order: readonly [0 | 1, 0 | 1], state: State, at: Moment, outcomes: Outcome[]): State[] {
    const possible = copyOf(state);
    for (const number of order) {
      const [act, outcome] = [this.acts[number], outcomes[number]!];
      if (NOTHING_DONE.includes(outcome)) continue;
      if (!outcomesOf(possible, act, at).includes(outcome)) return [];
      did(possible, act, at, outcome);
      for (const one of Object.values(possible.connections)) {
        one.loose = true;
        // What overtakes a read may find its counts or not.
        if (act.do === 'update' || (act.do === 'sync' && one.status === 'sending')) one.follows = 'read';
      }
    }
    return [possible];
  }

  async #find(state: State, product: Product, orders: readonly State[]): Promise<void> {
    const why = new Map<number, unknown>();
    const isOne = async (possible: State, order: number) => {
      try {
        await checkSettled(possible, product, 'once');
        everythingSettled(possible);
        Object.assign(state, possible);
        return true;
      } catch (error) {
        why.set(order, error);
        return false;
      }
    };
    const found = await product.until(async () => {
      for (const [order, possible] of orders.entries()) if (await isOne(copyOf(possible), order)) return true;
      return false;
    }, 'long');
    if (!found)
      throw new AggregateError(
        why.values(),
        `${this.toString()} ended as in no order of the two: ${[...why.values()].join('; ')}`,
      );
  }

  override begin(state: State, product: Product): Promise<void> {
    return this.take(state, product);
  }

  override toString(): string {
    return `${JSON.stringify(this.acts[0])} together with ${JSON.stringify(this.acts[1])}`;
  }
}
