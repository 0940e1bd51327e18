import { NEW_CONNECTION, shownCauses, shownStatus, stepConnection } from '../../src/domain/connection.ts';
import type {
  ConnectionCommand,
  ConnectionFacts,
  ConnectionState,
  ConnectionStep,
} from '../../src/domain/connection.ts';
import { addMs } from '../../src/domain/dates.ts';
import { DomainError, type SourceFailure } from '../../src/domain/errors.ts';
import { causeOf, hasOutlivedGrace, type Sighting } from '../../src/domain/observed.ts';
import type { Sharing } from '../../src/domain/sharing.ts';
import { differingDays, WINDOW_LENGTH, windowAt, type Window } from '../../src/domain/window.ts';
import type { AuditLook, ConnectionLook, Days, Profile, ReceiptLook, User } from './product.ts';

export type Read = { ok: true; counts: Int32Array } | { ok: false; failure: SourceFailure };

/** What a connection has around it: its instance's gate, time, and its source. */
export interface Surroundings {
  sharing(): Sharing;
  now(): string;
  windowMs: number;
  sightings: number;
  read(user: User, token: number, window: Window): Read;
  forgetProfile(profile: Profile): void;
}

/** One connection as the rules have it, with the fences that PostgreSQL keeps in the real product. */
export class RulesConnection {
  state: ConnectionState = NEW_CONNECTION;
  generation = 1;
  sharingGeneration: number | undefined;
  restoreUntil: string | undefined;
  erased = false;
  next: Profile | undefined;
  counts: Days = {};
  sighting: Sighting | undefined;
  updatedAt: string | undefined;
  readonly audit: Omit<AuditLook, 'of'>[] = [{ action: 'connection.created', from: undefined, to: undefined }];
  readonly receipts: ReceiptLook[] = [];
  readonly user: User;
  as: Profile;
  token: number;
  readonly #joined: number;
  readonly #around: Surroundings;
  #intents: ('opt_out' | 'forget' | 'move')[] = [];
  #readDue = false;

  constructor(who: { user: User; as: Profile; token: number }, around: Surroundings) {
    this.user = who.user;
    this.as = who.as;
    this.token = who.token;
    this.#around = around;
    this.#joined = around.sharing().generation;
  }

  get switchedOff(): boolean {
    return (this.sharingGeneration ?? this.#joined) !== this.#around.sharing().generation;
  }

  get hasOpenIntent(): boolean {
    return this.#intents.length > 0;
  }

  get writable(): boolean {
    const isOpen = this.#around.sharing().status === 'on' && !this.switchedOff;
    return isOpen && this.restoreUntil === undefined && !this.erased;
  }

  get published(): Days {
    return this.writable && this.sharingGeneration !== undefined && !this.hasOpenIntent ? this.counts : {};
  }

  look(): ConnectionLook {
    const facts: ConnectionFacts = {
      switchedOff: this.switchedOff,
      instanceTurningOff: this.#around.sharing().status === 'turning_off',
      openRemoval: this.hasOpenIntent,
      erased: this.erased,
    };
    const status = shownStatus(this.state.status, facts);
    const reads = status === 'connected' || status === 'sending' || status === 'restoring';
    return {
      status,
      causes: shownCauses(this.state.causes, facts, this.#intents),
      deletionPending: status === 'removing',
      restoreUntil: this.restoreUntil ?? null,
      observed: reads && this.sighting !== undefined,
    };
  }

  /** @throws DomainError */
  step(command: ConnectionCommand): ConnectionStep {
    const step = stepConnection(this.state, command);
    if (step.action === undefined) return step;
    if (step.fence === 'enter') this.#enter();
    if (step.fence === 'close') this.#close();
    if (step.fence === 'change_profile') this.#changeProfile();
    this.state = step.next;
    this.audit.push({ action: step.action, from: undefined, to: step.next.status });
    return step;
  }

  #enter(): void {
    requireOpen(this.#around.sharing());
    if (this.hasOpenIntent) throw new DomainError('removing');
    this.generation += 1;
    this.sharingGeneration = this.#around.sharing().generation;
    this.restoreUntil = undefined;
    this.sighting = undefined;
    this.#readDue = true;
  }

  #close(): void {
    this.generation += 1;
    this.startClock(this.#around.now());
  }

  startClock(from: string): void {
    this.restoreUntil ??= addMs(from, this.#around.windowMs);
  }

  #changeProfile(): void {
    if (this.next === undefined) return;
    const old = this.as;
    this.as = this.next;
    this.next = undefined;
    this.#around.forgetProfile(old);
  }

  accept(kind: 'opt_out' | 'forget' | 'move'): void {
    this.#close();
    this.audit.push({ action: `connection.${kind}_accepted`, from: undefined, to: undefined });
    this.#intents.push(kind);
    if (kind === 'forget') this.#erase();
  }

  lapse(): void {
    this.#erase();
    this.step({ type: 'lapse' });
  }

  #erase(): void {
    this.erased = true;
    this.#around.forgetProfile(this.as);
    if (this.next) this.#around.forgetProfile(this.next);
  }

  /** What its workflow does once it is told. */
  follow(): void {
    for (const intent of this.#intents) if (!this.erased || intent === 'forget') this.#takeUp(intent);
    this.#intents = [];
    if (this.erased) return;
    this.step({ type: 'establish' });
    if (this.switchedOff) {
      if (this.#around.sharing().status !== 'turning_off') this.step({ type: 'switched_off' });
      return;
    }
    const judged = { tokenMs: 0, observedMs: 0, sightings: this.#around.sightings };
    if (this.sighting && this.restoreUntil === undefined && hasOutlivedGrace(this.sighting, judged)) {
      const { cause } = this.sighting;
      this.step({ type: 'observe', cause });
      this.#remove(cause, { type: 'removed' });
    }
    const reads = this.state.status === 'sending' || this.state.status === 'restoring';
    if (this.#readDue && reads && this.writable) this.read();
    this.#readDue = false;
  }

  #takeUp(intent: 'opt_out' | 'forget' | 'move'): void {
    if (intent === 'forget') return this.#remove('forgotten', { type: 'forget' });
    this.step({ type: intent });
    if (intent === 'move') this.#remove('moved', { type: 'moved' });
    else if (this.state.status === 'removing') this.#remove('opted_out', { type: 'removed' });
    if (intent !== 'move' || this.state.causes.length > 0) return;
    const waiting = this.#intents;
    this.#intents = waiting.slice(waiting.indexOf('move') + 1);
    try {
      this.step({ type: 'reconnect' });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
    this.#intents = waiting;
  }

  #remove(cause: string, then: ConnectionCommand): void {
    this.receipts.push({ cause, itemsDeleted: Object.keys(this.counts).length });
    this.counts = {};
    this.step(then);
  }

  /** One read of the window, written day by day where it differs. */
  read(): Read {
    const at = this.#around.now();
    const window = windowAt(at);
    const answer = this.#around.read(this.user, this.token, window);
    if (!answer.ok) {
      this.#sight(answer.failure, at);
      return answer;
    }
    this.sighting = undefined;
    const have = Int32Array.from({ length: WINDOW_LENGTH }, (_, day) => this.counts[window.labels[day]!] ?? 0);
    const changed = differingDays(window, have, answer.counts);
    const counts = { ...this.counts, ...Object.fromEntries(changed.map(({ date, count }) => [date, count])) };
    this.counts = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    this.step({ type: 'restored' });
    return answer;
  }

  #sight(failure: SourceFailure, at: string): void {
    const cause = causeOf(failure);
    if (!cause) return;
    const before = this.sighting;
    const same = before?.cause === cause;
    this.sighting = {
      cause,
      firstAt: same ? before.firstAt : at,
      lastAt: at,
      times: same ? before.times + 1 : 1,
    };
  }
}

/** @throws DomainError of a closed gate */
export function requireOpen({ status }: Sharing): void {
  if (status === 'on') return;
  if (status === 'turning_off') throw new DomainError('turning_off');
  throw new DomainError(status === 'paused' ? 'sharing_paused' : 'sharing_off');
}
