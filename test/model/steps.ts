import * as fc from 'fast-check';
import { checkAtOnce, checkSettled, isUnderWay, untilSettled } from './checks.ts';
import { deadlines, did, elapsed, everythingSettled, happened, outcomesOf } from './model.ts';
import { ADMINS, PROFILES, TROUBLES, USERS } from './product.ts';
import type { Act, Answer, Happening, Product } from './product.ts';
import { connectionOf, copyOf, liveConnections, readFailure, type Moment, type Outcome, type State } from './state.ts';
import { isOpen } from './instance-model.ts';
import type { Told } from './once-failed.ts';

type Command = fc.AsyncCommand<State, Product>;

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

/** A deadline that came in the midst of a step makes what was expected of it void: such a sequence shows nothing. */
async function unlessLate(state: State, product: Product, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    fc.pre(deadlines(state).every(([from]) => from > product.now()));
    throw error;
  }
}

abstract class Step implements Command {
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

/** Whether the next act waits for what follows from this one; `blind`: it does not even wait for a look at it. */
export type Haste = 'none' | 'seen' | 'blind';

/** Somebody does something. */
export class Doing extends Step {
  readonly act: Act;
  readonly haste: Haste;
  readonly twice: boolean;

  constructor(act: Act, haste: Haste, twice: boolean) {
    super();
    this.act = act;
    this.haste = HASTY.includes(act.do) ? haste : 'none';
    this.twice = twice;
  }

  check(state: Readonly<State>): boolean {
    const { act } = this;
    if (act.do === 'answer' || act.do === 'handle') return state.request !== undefined;
    return true;
  }

  protected async take(state: State, product: Product): Promise<void> {
    const { act } = this;
    if (!OVERLAPPING.includes(act.do) && isUnderWay(state)) await settle(state, product);
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

/** Somebody else was quicker, so that there was nothing to do; any order of the two explains that. */
const NOTHING_DONE: readonly Outcome[] = ['fence_moved', 'sync_running'];

/**
 * Two acts at the same time: the answers are those of one order, and what becomes of them as well. Which one, nobody is
 * told: it is looked for.
 */
class Together extends Step {
  readonly acts: readonly [Act, Act];

  constructor(one: Act, other: Act) {
    super();
    this.acts = [one, other];
  }

  /** What is read meanwhile is read well: else it is open what had been seen before what. */
  check(state: Readonly<State>): boolean {
    const of = (kinds: readonly Act['do'][]) => this.acts.some((act) => kinds.includes(act.do));
    // What a check of eligibility says of an instance that turns off depends on how far that has come.
    if (of(['request', 'handle']) && of(['switch', 'revoke', 'sync', 'record_connect'])) return false;
    // A pause may come before the read that follows, which then is the next run's.
    if (of(['sync']) && !state.connect && of(['send', 'update', 'reconnect', 'move'])) return false;
    const hasWhatItNeeds = ({ do: act }: Act) => state.request !== undefined || (act !== 'answer' && act !== 'handle');
    return this.acts.every(hasWhatItNeeds) && liveConnections(state).every((one) => !readFailure(state, one));
  }

  protected async take(state: State, product: Product): Promise<void> {
    if (isUnderWay(state)) await settle(state, product);
    const from = product.now();
    const answers = await Promise.all(this.acts.map((act) => product.act(act, false)));
    const at = [from, product.now()] as const;
    const outcomes = answers.map(outcomeOf);
    const orders = [[0, 1] as const, [1, 0] as const].flatMap((order) => this.#inOrder(order, state, at, outcomes));
    if (orders.length === 0)
      throw new Error(`${this} was answered ${outcomes.join(' and ')}, as in no order of the two`);
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
        `${this} ended as in no order of the two: ${[...why.values()].join('; ')}`,
      );
  }

  override begin(state: State, product: Product): Promise<void> {
    return this.take(state, product);
  }

  override toString(): string {
    return `${JSON.stringify(this.acts[0])} together with ${JSON.stringify(this.acts[1])}`;
  }
}

async function settle(state: State, product: Product): Promise<void> {
  await checkSettled(state, product);
  everythingSettled(state);
}

const outcomeOf = ({ status, code }: Answer): Outcome => (status < 300 ? 'ok' : code!);

/** Something happens at the instance or at GitHub.com, or time passes. */
export class Happens extends Step {
  readonly happening: Happening;

  constructor(happening: Happening) {
    super();
    this.happening = happening;
  }

  check(state: Readonly<State>): boolean {
    const { happening } = this;
    if (happening.happens !== 'time') return true;
    return untilOf(state, happening.of) !== undefined;
  }

  protected async take(state: State, product: Product): Promise<void> {
    const { happening } = this;
    if (isUnderWay(state)) await settle(state, product);
    if (happening.happens === 'time') await product.pass(untilOf(state, happening.of) ?? product.now());
    else await product.happen(happening);
    happened(state, happening, product.now());
    elapsed(state, product.now());
    if (happening.happens === 'time') await settle(state, product);
  }

  override async begin(state: State, product: Product): Promise<void> {
    if (this.happening.happens !== 'time') await product.happen(this.happening);
    happened(state, this.happening, product.now());
  }

  override toString(): string {
    return JSON.stringify(this.happening);
  }
}

/** The moment at which something of that kind is over, where something is under way. */
function untilOf(state: State, of: 'window' | 'expiry' | 'interval'): number | undefined {
  const { request, durations } = state;
  if (of === 'window')
    return liveConnections(state)
      .flatMap((one) => one.restoreUntil?.[1] ?? [])
      .toSorted(ascending)[0];
  if (of === 'expiry') return isOpen(request) ? request.expires?.[1] : undefined;
  const last = [request?.nudged, ...USERS.map((user) => connectionOf(state, user)?.updated)];
  const ends = last.flatMap((moment) => (moment ? [moment[1] + durations.intervalMs] : []));
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

export function toStep(told: Told): Step {
  if ('happens' in told) return new Happens(told);
  if ('together' in told) return new Together(told.together[0], told.together[1]);
  const { hasty = false, ...act } = told;
  return new Doing(act, hasty ? 'blind' : 'none', false);
}

const ascending = (a: number, b: number) => a - b;

const user = fc.constantFrom(...USERS);
const admin = fc.constantFrom(...ADMINS);
const profile = fc.constantFrom(...PROFILES);
const one = <T>(value: T) => fc.constant(value);

/** A user, mostly as the account of their own name. */
const who = fc
  .tuple(user, fc.oneof({ weight: 4, arbitrary: one(undefined) }, { weight: 1, arbitrary: profile }))
  .map(([name, as]) => ({ user: name, as: as ?? name }));

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: one('request' as const), by: admin }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one('answer' as const),
      by: admin,
      act: fc.constantFrom('withdraw' as const, 'nudge' as const, 'information' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: one('handle' as const),
      act: fc.constantFrom(
        'claim' as const,
        'contacts' as const,
        'information-requests' as const,
        'approve' as const,
        'approve' as const,
        'deny' as const,
        'recheck' as const,
      ),
      by: fc.constantFrom('support' as const, 'support' as const, 'ada' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('terms' as const), terms: fc.constantFrom('standard' as const, 'custom' as const) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: one('switch' as const),
      by: admin,
      side: fc.constantFrom('instance' as const, 'account' as const),
      on: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 1, arbitrary: one<Act>({ do: 'revoke' }) },
  { weight: 2, arbitrary: fc.record({ do: one('record_connect' as const), connected: fc.boolean() }) },
  { weight: 9, arbitrary: one<Act>({ do: 'sync' }) },
  { weight: 6, arbitrary: who.map((by): Act => ({ do: 'connect', ...by })) },
  {
    weight: 14,
    arbitrary: fc
      .tuple(
        who,
        fc.constantFrom('send' as const, 'send' as const, 'opt_out' as const, 'update' as const, 'forget' as const),
      )
      .map(([by, act]): Act => ({ do: act, ...by })),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(who, fc.boolean()).map(([by, freshToken]): Act => ({ do: 'reconnect', ...by, freshToken })),
  },
  { weight: 3, arbitrary: fc.record({ do: one('move' as const), user, as: profile }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('show' as const), as: profile, public: fc.constantFrom(true, true, false) }),
  },
);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      happens: one('contribution' as const),
      user,
      daysAgo: fc.constantFrom(-2, -1, 0, 0, 3, 3, 3, 89, 90, 91),
      count: fc.constantFrom(0, 0, 1, 7, 2_000_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      happens: one('trouble' as const),
      user,
      trouble: fc.constantFrom(...TROUBLES),
      on: fc.constantFrom(true, false, false),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: fc.constantFrom('token_revoked' as const, 'token_revoked' as const, 'renamed' as const),
      user,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: one('role' as const),
      who: admin,
      role: fc.constantFrom('site_admin' as const, 'owner' as const),
      on: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      happens: one('outage' as const),
      of: fc.constantFrom('instance' as const, 'github' as const),
      on: fc.constantFrom(true, false, false, false),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: one('time' as const),
      of: fc.constantFrom('window' as const, 'expiry' as const, 'interval' as const),
    }),
  },
);

const doings = fc
  .tuple(acts, fc.constantFrom<Haste>('none', 'none', 'seen', 'blind'), fc.constantFrom(true, false, false, false))
  .map(([act, haste, twice]): Command => new Doing(act, haste, twice));

export const anyStep = fc.oneof(
  { weight: 8, arbitrary: doings },
  {
    weight: 1,
    arbitrary: fc.tuple(acts, acts).map(([first, second]): Command => new Together(first, second)),
  },
  { weight: 2, arbitrary: happenings.map((happening): Command => new Happens(happening)) },
);
