import { aimSchema, faultSchema } from './fault-kinds.ts';
import type { Aim, Fault, FaultInput } from './fault-kinds.ts';
import { Hold } from './hold.ts';
import type { LoggedRequest } from './request-log.ts';

interface Entry {
  id: number;
  aim: Aim;
  left: number;
  what: Fault | Hold;
}

export interface ActiveFault {
  id: number;
  fault: Fault;
  who: string | null;
  path: string | null;
  /** `null`: until removed. */
  left: number | null;
}

const IDENTITY_KINDS = new Set<Fault['kind']>(['suspended', 'gone', 'renamed', 'reused-id']);

/** The faults and holds that are switched on at a peer. Several may meet one request; the oldest comes first. */
export class FaultBoard {
  #entries: Entry[] = [];
  #lastId = 0;

  /** @returns an id for `remove` */
  add(fault: FaultInput, aim: Aim = {}): number {
    return this.#put(faultSchema.parse(fault), aim).id;
  }

  hold(aim: Aim = {}, at: Hold['at'] = 'answer'): Hold {
    const id = this.#lastId + 1;
    const hold = new Hold(at, () => this.remove(id));
    this.#put(hold, aim);
    return hold;
  }

  remove(id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** Ends every fault and lets every held request go. */
  clear(): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const { what } of entries) if (what instanceof Hold) what.release();
  }

  active(): ActiveFault[] {
    return this.#entries.flatMap(({ id, aim, left, what }) =>
      what instanceof Hold
        ? []
        : [
            {
              id,
              fault: what,
              who: aim.who ?? null,
              path: aim.path ?? null,
              left: Number.isFinite(left) ? left : null,
            },
          ],
    );
  }

  /** What meets this request; each use of a counted one is used up. */
  take(request: LoggedRequest): { faults: Fault[]; holds: Hold[] } {
    const met = this.#entries.filter(({ aim }) => aims(aim, request));
    for (const entry of met) entry.left -= 1;
    this.#entries = this.#entries.filter((entry) => entry.left > 0);
    return {
      faults: met.flatMap(({ what }) => (what instanceof Hold ? [] : [what])),
      holds: met.flatMap(({ what }) => (what instanceof Hold ? [what] : [])),
    };
  }

  /** What others see of this person when they look them up; uses nothing up. */
  identityFaultsOf(who: string): Fault[] {
    return this.#entries.flatMap(({ aim, what }) =>
      !(what instanceof Hold) && IDENTITY_KINDS.has(what.kind) && aim.who === who ? [what] : [],
    );
  }

  #put(what: Fault | Hold, aim: Aim): Entry {
    this.#lastId += 1;
    const checked = aimSchema.parse(aim);
    const entry = { id: this.#lastId, aim: checked, left: checked.times ?? Infinity, what };
    this.#entries.push(entry);
    return entry;
  }
}

function aims(aim: Aim, request: LoggedRequest): boolean {
  const forThem = aim.who === undefined || aim.who === request.who;
  return forThem && (aim.path === undefined || request.path.includes(aim.path));
}
