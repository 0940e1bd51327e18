import { forgotten } from './developer-model.ts';
import type { Act, Profile, User } from './product.ts';
import { liveConnections, sessionOf, tokenFailure, type Outcome, type State } from './state.ts';

export type VisitorAct = Extract<Act, { do: 'sign_in' | 'sign_out' | 'forget_me' }>;
type Who = { user: User; as: Profile };

/** Whoever cannot use the instance cannot sign in there, and its pages say so in its own words. */
export function canSignIn(state: State, user: User): boolean {
  return !state.outages.instance && tokenFailure(state, user) === undefined;
}

export function visitorOutcomes(state: State, act: VisitorAct): Outcome[] {
  return act.do === 'sign_in' || state.sessions.has(sessionOf(act)) ? ['ok'] : ['unauthenticated'];
}

export function visitorDid(state: State, act: VisitorAct, outcome: Outcome): void {
  if (outcome !== 'ok') return;
  if (act.do === 'sign_in') state.sessions.add(sessionOf(act));
  else if (act.do === 'sign_out') state.sessions.delete(sessionOf(act));
  else forgetsMe(state, act);
}

/** Whatever is tied to either of their two accounts. */
function forgetsMe(state: State, { user, as }: Who): void {
  for (const connection of liveConnections(state)) {
    if (connection.user === user || connection.as === as) forgotten(state, connection);
  }
  state.published[as] = false;
  endSessions(state.sessions, { user, as });
}

/** Of all who share one of their two accounts. */
export function endSessions(sessions: Set<string>, { user, as }: Who): void {
  for (const session of sessions) {
    if (session.startsWith(`${user} `) || session.endsWith(` ${as}`)) sessions.delete(session);
  }
}
