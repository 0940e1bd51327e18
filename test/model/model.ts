import { dayOf } from './days.ts';
import { developerDid, developerOutcomes, lapsed, reads, settled } from './developer-model.ts';
import * as instance from './instance-model.ts';
import type { Act, Happening } from './product.ts';
import { visitorDid, visitorOutcomes } from './visitor-model.ts';
import { isSwitchedOff, liveConnections, sessionOf, type Moment, type Outcome, type State } from './state.ts';

/** What an act may be answered with. More than one where something else is under way, or where a clock decides. */
export function outcomesOf(state: State, act: Act, at: Moment): Outcome[] {
  switch (act.do) {
    case 'request':
      return instance.requestOutcomes(state, act.by);
    case 'answer':
      return instance.answerOutcomes(state, act, at);
    case 'handle':
      return instance.handleOutcomes(state, act);
    case 'switch':
      return instance.switchOutcomes(state, act);
    case 'terms':
    case 'revoke':
    case 'record_connect':
    case 'sync':
    case 'show':
      return ['ok'];
    case 'sign_in':
    case 'sign_out':
    case 'forget_me':
      return visitorOutcomes(state, act);
    default:
      return developerOutcomes(state, act, at);
  }
}

const SOME_DAY: Moment = [Infinity, Infinity];

/** Whether an act may be taken now, and would change something: most that one could think of would not. */
export function isOfUse(state: State, act: Act): boolean {
  if (!outcomesOf(state, act, SOME_DAY).includes('ok')) return false;
  const { sharing } = state;
  switch (act.do) {
    case 'request':
      return sharing.status === 'unavailable';
    case 'terms':
      return state.terms !== act.terms;
    case 'switch':
      return sharing.sides[act.side] !== act.on;
    case 'revoke':
      return sharing.status !== 'unavailable';
    case 'record_connect':
      return state.connect !== act.connected;
    case 'sync':
      return sharing.status === 'on' || sharing.status === 'paused';
    case 'show':
      return state.published[act.as] !== act.public;
    case 'sign_in':
      return !state.sessions.has(sessionOf(act));
    default:
      return true;
  }
}

/** What follows from an act that was answered so. */
export function did(state: State, act: Act, at: Moment, outcome: Outcome): void {
  switch (act.do) {
    case 'request':
      return instance.requested(state, act.by, at);
    case 'answer':
      return instance.answered(state, act, at, outcome);
    case 'handle':
      if (outcome === 'ok') instance.handled(state, act, at);
      return;
    case 'switch':
      return instance.switched(state, act, at, outcome);
    case 'terms':
      state.terms = act.terms;
      return;
    case 'revoke':
      return instance.revoked(state, at);
    case 'record_connect':
      state.connect = act.connected;
      return;
    case 'sync':
      return synced(state, at);
    case 'show':
      state.published[act.as] = act.public;
      return;
    case 'sign_in':
    case 'sign_out':
    case 'forget_me':
      return visitorDid(state, act, outcome);
    default:
      return developerDid(state, act, at, outcome);
  }
}

/** A run reads everybody who sends. */
function synced(state: State, at: Moment): void {
  if (!instance.looked(state, at)) return;
  for (const connection of liveConnections(state)) {
    if (connection.status === 'sending' && !isSwitchedOff(state, connection)) reads(state, connection, at);
  }
}

export function happened(state: State, happening: Happening, now: number): void {
  switch (happening.happens) {
    case 'contribution':
      state.people[happening.user].days[dayOf(now, -happening.daysAgo)] = happening.count;
      return;
    case 'trouble':
      state.people[happening.user].troubles[happening.trouble] = happening.on;
      return;
    case 'token_revoked': {
      const { revoked, lastToken } = state.people[happening.user];
      for (let token = 1; token <= lastToken; token += 1) revoked.add(token);
      return;
    }
    case 'role':
      state.admins[happening.who][happening.role] = happening.on;
      return;
    case 'outage':
      state.outages[happening.of] = happening.on;
      return;
    // Logins are nobody's identity, and a key is nobody's token: nothing follows.
    case 'renamed':
    case 'keys_rotated':
    case 'time':
      return;
  }
}

/** The next moments at which something happens by itself. */
export function deadlines(state: State): Moment[] {
  const ends = liveConnections(state).map(({ restoreUntil }) => restoreUntil);
  if (instance.isOpen(state.request)) ends.push(state.request.expires);
  return ends.filter((end) => end !== undefined);
}

/** What happens by itself until now. */
export function elapsed(state: State, now: number): void {
  const isPast = (moment: Moment | undefined) => moment !== undefined && moment[1] <= now;
  for (const connection of liveConnections(state)) if (isPast(connection.restoreUntil)) lapsed(state, connection);
  const { request } = state;
  if (!instance.isOpen(request) || !isPast(request.expires)) return;
  request.status = 'expired';
  request.audit.push('request.expired');
}

/** Whatever was accepted has happened by now. */
export function everythingSettled(state: State): void {
  instance.turnedOff(state);
  for (const connection of Object.values(state.connections)) settled(state, connection);
}
