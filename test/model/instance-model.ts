import type { CheckCode } from '../../src/domain/eligibility.ts';
import { isSwitchedOff, liveConnections, type Moment, type Outcome, type RequestModel, type State } from './state.ts';
import type { Act, Admin } from './product.ts';
import type { SharingStatus } from '../../src/domain/sharing.ts';

/** What sharing may be just now: while it turns off, also what it ends in. */
export function possibleStatuses({ sharing }: State): SharingStatus[] {
  return sharing.unsettled ? ['turning_off', sharing.status] : [sharing.status];
}

/** What a closed gate refuses an act of a developer with; empty where it is surely open. */
export function gateRefusals(state: State): Outcome[] {
  return possibleStatuses(state).flatMap((status): Outcome[] => {
    if (status === 'on') return [];
    if (status === 'paused') return ['sharing_paused'];
    return [status === 'turning_off' ? 'turning_off' : 'sharing_off'];
  });
}

/** Both roles, read now; where a source is down, a proof of before is as good for what takes away. */
function roleRefusal(state: State, by: Admin, age: 'now' | 'recent'): Outcome | undefined {
  const admin = state.admins[by];
  const { instance, github } = state.outages;
  if (!instance && !admin.site_admin) return 'not_site_admin';
  if (!github && !admin.owner) return 'not_account_owner';
  if (!instance && !github) return undefined;
  return age === 'recent' && admin.proved ? undefined : 'proof_unavailable';
}

/** What is remembered of an admin after they were asked for their roles. */
function afterProof(state: State, by: Admin): void {
  const refusal = roleRefusal(state, by, 'now');
  if (refusal === undefined) state.admins[by].proved = true;
  else if (refusal !== 'proof_unavailable') state.admins[by].proved = false;
}

/** The checks of eligibility of whoever requested; undefined while a source is down. */
function failedChecks(state: State, by: Admin): CheckCode[] | undefined {
  const { outages, admins, connect, sharing } = state;
  if (outages.instance || outages.github) return undefined;
  const failed: CheckCode[] = [];
  if (!admins[by].site_admin) failed.push('not_site_admin');
  if (!admins[by].owner) failed.push('not_account_owner');
  if (!connect) failed.push('not_connected');
  if (sharing.status !== 'unavailable') failed.push('already_available');
  return failed;
}

export function isOpen(request: RequestModel | undefined): request is RequestModel {
  return request !== undefined && ['logged', 'contacted'].includes(request.status);
}

type SwitchAct = Extract<Act, { do: 'switch' }>;
type AnswerAct = Extract<Act, { do: 'answer' }>;
type HandleAct = Extract<Act, { do: 'handle' }>;

export function requestOutcomes(state: State, by: Admin): Outcome[] {
  if (isOpen(state.request)) return ['request_open'];
  return [failedChecks(state, by) === undefined ? 'proof_unavailable' : 'ok'];
}

export function requested(state: State, by: Admin, at: Moment): void {
  if (isOpen(state.request)) return;
  const failed = failedChecks(state, by);
  const made = {
    by,
    failed: failed ?? ['proof_unavailable'],
    byTerms: false,
    informationAsked: false,
    handler: undefined,
    expires: undefined,
    nudged: undefined,
  } as const;
  if (failed === undefined || failed.length > 0) {
    const end = failed === undefined ? 'request.not_proved' : 'request.found_ineligible';
    state.request = { ...made, failed: [...made.failed], status: 'ineligible', audit: ['request.made', end] };
  } else if (state.terms === 'standard') {
    state.request = { ...made, failed: [], status: 'approved', byTerms: true, audit: ['request.made'] };
    approved(state, state.request, 'request.approved_by_terms');
  } else {
    const audit = ['request.made', 'request.logged'];
    state.request = { ...made, failed: [], status: 'logged', expires: later(at, state.durations.expiryMs), audit };
  }
}

export const later = ([from, to]: Moment, ms: number): Moment => [from + ms, to + ms];

function approved(state: State, request: RequestModel, action: string): void {
  request.status = 'approved';
  request.audit.push(action);
  if (state.sharing.status !== 'unavailable') return;
  state.sharing.status = 'available';
  state.sharing.audit.push('sharing.made_available');
}

export function answerOutcomes(state: State, { by, act }: AnswerAct, at: Moment): Outcome[] {
  const refusal = roleRefusal(state, by, 'recent');
  if (refusal !== undefined) return [refusal];
  const { request } = state;
  if (!isOpen(request)) return ['request_closed'];
  if (act === 'information' && !request.informationAsked) return ['request_wrong_state'];
  return act === 'nudge' ? tooSoon(request.nudged, state.durations.intervalMs, at, 'nudge_too_soon') : ['ok'];
}

/** Whether an act may come again yet, or both where that cannot be told from outside. */
export function tooSoon(last: Moment | undefined, ms: number, at: Moment, refusal: Outcome): Outcome[] {
  if (last === undefined || at[0] >= last[1] + ms) return ['ok'];
  return at[1] < last[0] + ms ? [refusal] : ['ok', refusal];
}

export function answered(state: State, { by, act }: AnswerAct, at: Moment, outcome: Outcome): void {
  afterProof(state, by);
  const { request } = state;
  if (outcome !== 'ok' || !request) return;
  if (act === 'withdraw') {
    request.status = 'withdrawn';
    request.audit.push('request.withdrawn');
    return;
  }
  if (act === 'nudge') request.nudged = at;
  else request.informationAsked = false;
  request.audit.push(act === 'nudge' ? 'request.nudged' : 'request.information_given');
  request.expires = later(at, state.durations.expiryMs);
}

export function handleOutcomes(state: State, { act, by }: HandleAct): Outcome[] {
  const { request } = state;
  if (!isOpen(request)) return ['request_closed'];
  const decides = act === 'approve' || act === 'deny';
  if (decides && request.status !== 'contacted') return ['request_wrong_state'];
  if (decides && by === request.by) return ['own_request'];
  if (act !== 'approve' && act !== 'recheck') return ['ok'];
  const failed = failedChecks(state, request.by);
  if (failed === undefined) return ['proof_unavailable'];
  return [failed.length > 0 ? 'not_eligible' : 'ok'];
}

export function handled(state: State, { act, by }: HandleAct, at: Moment): void {
  const request = state.request!;
  const active = (action: string) => {
    request.audit.push(action);
    request.expires = later(at, state.durations.expiryMs);
  };
  switch (act) {
    case 'claim':
      if (request.handler === by) return;
      request.handler = by;
      return active('request.assigned');
    case 'contacts':
      request.status = 'contacted';
      return active('request.contacted');
    case 'information-requests':
      request.informationAsked = true;
      return active('request.information_asked');
    case 'approve':
      return approved(state, request, 'request.approved');
    case 'deny':
      request.status = 'denied';
      request.audit.push('request.denied');
      return;
    case 'recheck':
      if (state.terms !== 'standard') return;
      request.byTerms = true;
      return approved(state, request, 'request.approved_by_terms');
  }
}

export function switchOutcomes(state: State, { by, on }: SwitchAct): Outcome[] {
  const refusal = roleRefusal(state, by, on ? 'now' : 'recent');
  if (refusal !== undefined) return [refusal];
  return possibleStatuses(state).map((status): Outcome => {
    if (status === 'unavailable') return 'sharing_unavailable';
    return on && status === 'turning_off' ? 'turning_off' : 'ok';
  });
}

export function switched(state: State, { by, side, on }: SwitchAct, at: Moment, outcome: Outcome): void {
  afterProof(state, by);
  const { sharing } = state;
  if (outcome !== 'ok') return;
  // Whatever enables a side has seen that nothing turns off any more.
  if (on) sharing.unsettled = false;
  if (sharing.sides[side] === on) return;
  sharing.sides[side] = on;
  sharing.audit.push(`sharing.${side}_side_${on ? 'enabled' : 'disabled'}`);
  if (!on && (sharing.status === 'on' || sharing.status === 'paused')) turnsOff(state, 'off', at);
  else if (sharing.sides.instance && sharing.sides.account && sharing.status !== 'paused') sharing.status = 'on';
}

export function revoked(state: State, at: Moment): void {
  const { sharing } = state;
  if (sharing.status === 'unavailable') return;
  sharing.audit.push('sharing.revoked');
  sharing.sides = { instance: false, account: false };
  if (sharing.status === 'on' || sharing.status === 'paused') turnsOff(state, 'unavailable', at);
  else sharing.status = 'unavailable';
}

/** The gate closes for good: every count of the instance goes, and the 90 days of whoever had none begin. */
function turnsOff(state: State, endsIn: 'off' | 'unavailable', at: Moment): void {
  const { sharing, durations } = state;
  sharing.status = endsIn;
  sharing.unsettled = true;
  sharing.generation += 1;
  sharing.lostLooks = 0;
  for (const connection of liveConnections(state)) {
    if (!isSwitchedOff(state, connection)) continue;
    const first = connection.movedAt?.[0] ?? at[0];
    connection.restoreUntil ??= later([first, at[1]], durations.windowMs);
    connection.perhapsTold += Object.keys(connection.kept).length;
    connection.kept = {};
    connection.loose = true;
  }
}

/** The verification is recorded when it comes; what came between is recorded before it. */
export function turnedOff({ sharing }: State): void {
  if (!sharing.unsettled) return;
  sharing.unsettled = false;
}

/** A run's look at GitHub Connect. @returns whether it reads */
export function looked(state: State, at: Moment): boolean {
  const { sharing, durations } = state;
  if (sharing.status !== 'on' && sharing.status !== 'paused') return false;
  if (state.connect) {
    if (sharing.status === 'paused') sharing.audit.push('sharing.resumed');
    sharing.status = 'on';
    sharing.lostLooks = 0;
    return true;
  }
  sharing.lostLooks += 1;
  if (sharing.lostLooks >= durations.connectLooks) {
    sharing.audit.push('sharing.connect_lost');
    sharing.sides = { instance: false, account: false };
    turnsOff(state, 'off', at);
  } else {
    if (sharing.status === 'on') sharing.audit.push('sharing.paused');
    sharing.status = 'paused';
  }
  return false;
}
