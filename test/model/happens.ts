import { isUnderWay } from './checks.ts';
import { isOpen } from './instance-model.ts';
import { elapsed, happened } from './model.ts';
import { USERS, type Happening, type Product } from './product.ts';
import { connectionOf, liveConnections, type State } from './state.ts';
import { settle, Step } from './step.ts';

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

const ascending = (a: number, b: number) => a - b;
