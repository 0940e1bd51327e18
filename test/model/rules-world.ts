import { stepAct } from '../../src/domain/access-request-acts.ts';
import { dueAlarm, sound } from '../../src/domain/access-request-alarms.ts';
import { concludeChecks, isClosed, newRequest } from '../../src/domain/access-request.ts';
import type { AccessRequest, RequestSettings, RequestStep } from '../../src/domain/access-request.ts';
import { judge, type Terms } from '../../src/domain/eligibility.ts';
import { DomainError, ERRORS } from '../../src/domain/errors.ts';
import { isLive } from '../../src/domain/connection.ts';
import { NO_SHARING, stepSharing, type SharingCommand } from '../../src/domain/sharing.ts';
import { readWindow, type Window } from '../../src/domain/window.ts';
import { requireOpen, RulesConnection, type Read, type Surroundings } from './rules-connection.ts';
import type {
  Act,
  Admin,
  Answer,
  AuditLook,
  Durations,
  Happening,
  Product,
  Profile,
  Support,
  User,
} from './product.ts';
import type { DeveloperAct } from './developer-model.ts';
import { newState, readFailure, sessionOf, tokenFailure, type State } from './state.ts';
import { endSessions, type VisitorAct } from './visitor-model.ts';
import { happened } from './model.ts';

const DAY = 86_400_000;
const GITHUB_IDS: Readonly<Record<Admin, number>> = { ada: 1, ines: 2 };

/** The pure rules, wired as the product wires them, with no server: what happens elsewhere happens when it is waited for. */
export class RulesWorld implements Product {
  readonly durations: Durations = {
    windowMs: 90 * DAY,
    expiryMs: 30 * DAY,
    intervalMs: 300_000,
    sightings: 2,
    connectLooks: 2,
  };
  /** The instance and GitHub.com as they are; of the rest of it nothing is used. */
  readonly #outside: State = newState(this.durations);
  readonly #proved = new Set<Admin>();
  readonly #around: Surroundings;
  readonly #shown = new Set<Profile>();
  readonly #sessions = new Set<string>();
  readonly #connections: RulesConnection[] = [];
  #now = Date.parse('2028-02-27T21:00:00.000Z');
  #sharing = NO_SHARING;
  #closedAt: string | undefined;
  #terms: Terms | null = null;
  #connected = true;
  #request: AccessRequest | undefined;
  #audit: Record<'sharing' | 'request', Omit<AuditLook, 'of'>[]> = { sharing: [], request: [] };

  constructor() {
    this.#around = {
      sharing: () => this.#sharing,
      now: () => this.#at(),
      windowMs: this.durations.windowMs,
      sightings: this.durations.sightings,
      read: (user, token, window) => this.#read(user, token, window),
      forgetProfile: (profile) => this.#forgetProfile(profile),
    };
  }

  now(): number {
    return this.#now;
  }

  #at(): string {
    return new Date(this.#now).toISOString();
  }

  pass(until: number): Promise<void> {
    this.#work();
    this.#now = Math.max(this.#now, until);
    for (const one of this.#connections) {
      if (!one.erased && one.restoreUntil !== undefined && one.restoreUntil <= this.#at()) one.lapse();
    }
    const due = this.#request && dueAlarm(this.#request, this.#settings(), this.#at());
    if (due) this.#commit(sound(this.#request!, due));
    return Promise.resolve();
  }

  /** Whatever comes again is known by what it did, which is for PostgreSQL to tell: here nothing comes twice. */
  act(act: Act): Promise<Answer> {
    try {
      this.#do(act);
      return Promise.resolve({ status: 200 });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return Promise.resolve({ status: ERRORS[error.code].status, code: error.code });
    }
  }

  #do(act: Act): void {
    switch (act.do) {
      case 'request':
        return this.#ask(act.by);
      case 'answer':
        this.#prove(act.by, 'recent');
        return this.#change(act.act === 'information' ? { type: 'give_information', noteId: 'n' } : { type: act.act });
      case 'handle':
        return this.#handle(act.act, act.by);
      case 'terms':
        this.#terms = act.terms;
        return;
      case 'switch':
        this.#prove(act.by, act.on ? 'now' : 'recent');
        return this.#share({ type: 'switch', side: act.side, on: act.on });
      case 'revoke':
        return this.#share({ type: 'revoke' });
      case 'record_connect':
        this.#connected = act.connected;
        return;
      case 'sync':
        return this.#sync();
      case 'show':
        if (act.public) this.#shown.add(act.as);
        else this.#shown.delete(act.as);
        return;
      case 'sign_in':
        this.#sessions.add(sessionOf(act));
        return;
      case 'sign_out':
      case 'forget_me':
        return this.#leave(act);
      default:
        if ('by' in act && act.by) this.#requireSession(act);
        return this.#develop(act);
    }
  }

  #ask(by: Admin): void {
    if (this.#request && !isClosed(this.#request.status)) throw new DomainError('request_open');
    const who = { sourceUserId: 1, sourceCreatedAt: '2020-01-01T00:00:00Z', githubUserId: GITHUB_IDS[by] };
    this.#request = newRequest(who, this.#at());
    this.#audit.request = [{ action: 'request.made', from: undefined, to: 'checking' }];
    const outcome = this.#eligibility(by);
    this.#commit(concludeChecks(this.#request, outcome, this.#at(), this.#settings()));
    if (!outcome.reachable) throw new DomainError('proof_unavailable');
  }

  #eligibility(by: Admin) {
    const { admins, outages } = this.#outside;
    return judge({
      siteAdmin: outages.instance ? undefined : admins[by].site_admin,
      accountOwner: outages.github ? undefined : admins[by].owner,
      connected: this.#connected,
      sharing: this.#sharing.status,
      terms: this.#terms,
      accountKind: 'organization',
    });
  }

  #settings(): RequestSettings {
    const { expiryMs, intervalMs } = this.durations;
    const contact = { remindEveryMs: DAY, reminders: 0, escalateAfterMs: DAY, escalations: 0 };
    const proofs = { instructionsUrl: '/', proofWithinMs: 0, proofRetryMs: 0 };
    return { contactDue: { ms: DAY }, expiryMs, nudgeEveryMs: intervalMs, ...contact, ...proofs };
  }

  #handle(act: Extract<Act, { do: 'handle' }>['act'], by: Support): void {
    const decider = { actor: by, ...(by === 'ada' && { githubUserId: GITHUB_IDS.ada }) };
    const noteId = 'n';
    if (act === 'claim') this.#change({ type: 'assign', staff: by });
    else if (act === 'contacts') this.#change({ type: 'contact', noteId });
    else if (act === 'information-requests') this.#change({ type: 'ask_information', noteId });
    else if (act === 'recheck') this.#change({ type: 'recheck' });
    else this.#change({ type: act, noteId, decider });
  }

  #change(act: Parameters<typeof stepAct>[1]): void {
    const by = this.#request!.requester.githubUserId === GITHUB_IDS.ada ? 'ada' : 'ines';
    this.#commit(stepAct(this.#request!, act, this.#at(), this.#settings(), this.#eligibility(by)));
  }

  #commit({ next, action }: RequestStep): void {
    if (action === undefined) return;
    if (next.status === 'approved') this.#share({ type: 'approve' });
    this.#audit.request.push({ action, from: this.#request!.status, to: next.status });
    this.#request = next;
  }

  #prove(by: Admin, age: 'now' | 'recent'): void {
    const { admins, outages } = this.#outside;
    const denied = (code: 'not_site_admin' | 'not_account_owner') => {
      this.#proved.delete(by);
      return new DomainError(code);
    };
    if (!outages.instance && !admins[by].site_admin) throw denied('not_site_admin');
    if (!outages.github && !admins[by].owner) throw denied('not_account_owner');
    if (!outages.instance && !outages.github) this.#proved.add(by);
    else if (age === 'now' || !this.#proved.has(by)) throw new DomainError('proof_unavailable');
  }

  #share(command: SharingCommand): void {
    const before = this.#sharing;
    const settings = { connectGraceMs: 0, connectLooks: this.durations.connectLooks };
    const { next, action, turnsOff } = stepSharing(before, command, settings);
    this.#sharing = next;
    if (turnsOff) this.#closedAt = this.#at();
    if (action) this.#audit.sharing.push({ action, from: before.status, to: next.status });
  }

  #sync(): void {
    if (this.#sharing.status !== 'on' && this.#sharing.status !== 'paused') return;
    this.#now += 1;
    this.#share({ type: 'look', connected: this.#connected, at: this.#at() });
    for (const one of this.#connections) if (one.state.status === 'sending' && one.writable) one.read();
  }

  #develop(act: DeveloperAct): void {
    if (act.do === 'connect') return this.#connect(act);
    const one = this.#of(act.user);
    if (act.do === 'move') return this.#move(one, act.as);
    if (!one || !this.#sees(one, act.as)) throw new DomainError('not_found');
    if (act.do === 'opt_out' || act.do === 'forget') return one.accept(act.do);
    if (act.do === 'reconnect') return this.#reconnect(one, act.freshToken);
    if (act.do === 'update') return this.#update(one);
    this.#requireWriting(one);
    one.step({ type: 'send', consentVersion: '1' });
  }

  #requireSession(who: { user: User; as: Profile }): void {
    if (!this.#sessions.has(sessionOf(who))) throw new DomainError('unauthenticated');
  }

  #leave(act: VisitorAct): void {
    this.#requireSession(act);
    if (act.do === 'sign_out') return void this.#sessions.delete(sessionOf(act));
    const { user, as } = act;
    for (const one of this.#connections) {
      if (!one.erased && (one.user === user || this.#sees(one, as))) one.accept('forget');
    }
    this.#shown.delete(as);
    endSessions(this.#sessions, act);
  }

  #of(user: User): RulesConnection | undefined {
    return this.#connections.find((one) => one.user === user && !one.erased);
  }

  #sees(one: RulesConnection, as: Profile): boolean {
    return one.as === as || one.next === as;
  }

  #connect({ user, as }: { user: User; as: Profile }): void {
    const token = this.#freshToken(user);
    requireOpen(this.#sharing);
    if (this.#of(user)) throw new DomainError('already_connected');
    this.#requireFree(user, as);
    this.#connections.push(new RulesConnection({ user, as, token }, this.#around));
  }

  #freshToken(user: User): number {
    const person = this.#outside.people[user];
    person.lastToken += 1;
    const failure = tokenFailure(this.#outside, user);
    if (failure) throw new DomainError(failure);
    return person.lastToken;
  }

  #requireFree(user: User, as: Profile): void {
    const taken = this.#connections.some((one) => one.user !== user && !one.erased && this.#sees(one, as));
    if (taken) throw new DomainError('profile_taken');
  }

  #move(one: RulesConnection | undefined, as: Profile): void {
    if (!one) throw new DomainError('not_found');
    requireOpen(this.#sharing);
    if (one.hasOpenIntent) throw new DomainError('removing');
    if (one.as === as) throw new DomainError('already_connected');
    this.#requireFree(one.user, as);
    one.accept('move');
    one.next = as;
  }

  #reconnect(one: RulesConnection, withToken: boolean): void {
    if (withToken) one.token = this.#freshToken(one.user);
    if (withToken && isLive(one.state.status) && !one.switchedOff && one.restoreUntil === undefined) return;
    one.follow();
    requireOpen(this.#sharing);
    const observed = one.state.causes.filter((cause) => cause !== 'opted_out');
    if (observed.length > 0 && !readFailure(this.#outside, one as never)) one.step({ type: 'lift', causes: observed });
    one.step({ type: 'reconnect' });
  }

  #update(one: RulesConnection): void {
    const last = one.updatedAt;
    if (last && this.#now < Date.parse(last) + this.durations.intervalMs) throw new DomainError('update_too_soon');
    this.#requireWriting(one);
    if (one.state.status !== 'sending') throw new DomainError('wrong_state');
    one.updatedAt = this.#at();
    const read = one.read();
    if (!read.ok) throw new DomainError(read.failure);
  }

  #requireWriting(one: RulesConnection): void {
    if (one.state.status === 'connecting') one.step({ type: 'establish' });
    if (one.hasOpenIntent) throw new DomainError('removing');
    requireOpen(this.#sharing);
    if (one.switchedOff) throw new DomainError('wrong_state');
  }

  #read(user: User, token: number, window: Window): Read {
    const failure = readFailure(this.#outside, { user, token } as never);
    if (failure) return { ok: false, failure };
    const { days } = this.#outside.people[user];
    const listed = window.labels.map((date) => ({ date, count: days[date] ?? 0 }));
    const outside = Object.entries(days).map(([date, count]) => ({ date, count }));
    const answer = readWindow(
      window,
      [...listed, ...outside.filter(({ date }) => !window.index.has(date))],
      'every_day',
    );
    return answer.ok ? answer : { ok: false, failure: 'bad_answer' };
  }

  #forgetProfile(profile: Profile): void {
    const isFed = this.#connections.some((one) => !one.erased && this.#sees(one, profile));
    if (!isFed) this.#shown.delete(profile);
  }

  /** What workflows do meanwhile. */
  #work(): void {
    for (const one of this.#connections) one.follow();
    if (this.#sharing.status === 'turning_off') this.#deleteAll();
    for (const one of this.#connections) one.follow();
  }

  #deleteAll(): void {
    for (const one of this.#connections.filter(({ switchedOff }) => switchedOff)) {
      one.counts = {};
      if (!one.erased) one.startClock(this.#closedAt!);
    }
    this.#share({ type: 'verified' });
  }

  happen(happening: Exclude<Happening, { happens: 'time' }>): Promise<void> {
    happened(this.#outside, happening, this.#now);
    return Promise.resolve();
  }

  sharing() {
    const { status, instanceSide, accountSide, generation } = this.#sharing;
    return Promise.resolve({ status, instanceSide, accountSide, generation });
  }

  request() {
    if (!this.#request) return Promise.resolve(undefined);
    const { status, failedChecks, informationAsked, decidedByTerms, expiresAt } = this.#request;
    return Promise.resolve({ status, failedChecks, informationAsked, decidedByTerms, expiresAt });
  }

  connection(user: User, as: Profile) {
    const one = this.#of(user);
    return Promise.resolve(one && this.#sees(one, as) ? one.look() : undefined);
  }

  sent(user: User) {
    return Promise.resolve(this.#of(user)?.counts);
  }

  signedIn(user: User, as: Profile) {
    return Promise.resolve(this.#sessions.has(sessionOf({ user, as })));
  }

  published(profile: Profile) {
    if (!this.#shown.has(profile)) return Promise.resolve(undefined);
    const fed = this.#connections.filter((one) => !one.erased && one.as === profile);
    return Promise.resolve(Object.assign({}, ...fed.map((one) => one.published)) as Record<string, number>);
  }

  #newest(user: User): RulesConnection {
    return this.#connections.findLast((one) => one.user === user)!;
  }

  receipts(user: User) {
    return Promise.resolve(this.#newest(user).receipts);
  }

  rowsOf(user: User) {
    const ever = this.#connections.filter((one) => one.user === user);
    return Promise.resolve(ever.reduce((rows, { counts }) => rows + Object.keys(counts).length, 0));
  }

  audit(): Promise<AuditLook[]> {
    const all: Partial<Record<AuditLook['of'], Omit<AuditLook, 'of'>[]>> = { ...this.#audit };
    for (const one of this.#connections) all[one.user] = one.audit;
    const of = (subject: string, records: Omit<AuditLook, 'of'>[]) =>
      records.map((record) => ({ ...record, of: subject as AuditLook['of'] }));
    return Promise.resolve(Object.entries(all).flatMap(([subject, records]) => of(subject, records)));
  }

  projected(user: User) {
    return Promise.resolve(this.#newest(user).state.status);
  }

  until(holds: () => Promise<boolean>): Promise<boolean> {
    this.#work();
    return holds();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
