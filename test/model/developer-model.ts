import type { ObservedCause } from '../../src/domain/connection.ts';
import { gateRefusals, later, tooSoon } from './instance-model.ts';
import type { Act, Profile, User } from './product.ts';
import {
  afterRead,
  CAUSES,
  connectionOf,
  isLive,
  isSwitchedOff,
  liveConnections,
  readFailure,
  sessionOf,
  tokenFailure,
} from './state.ts';
import type { ConnectionModel, Moment, Outcome, State } from './state.ts';
import type { VisitorAct } from './visitor-model.ts';

export type DeveloperAct = Exclude<Extract<Act, { user: User }>, VisitorAct>;

const LIVE_READS = ['suspended', 'gone', 'token_lost'] as const;
const isObserved = (cause: string): cause is ObservedCause => LIVE_READS.some((one) => one === cause);

/** While something is under way an act may be refused for that, or come after it; never anything else. */
export function developerOutcomes(state: State, act: DeveloperAct, at: Moment): Outcome[] {
  if ('by' in act && act.by && !state.sessions.has(sessionOf(act))) return ['unauthenticated'];
  if (act.do === 'connect') return connectOutcomes(state, act);
  const connection = connectionOf(state, act.user);
  if (act.do === 'move') return connection ? moveOutcomes(state, connection, act.as) : ['not_found'];
  if (!connection || (connection.as !== act.as && connection.movedFrom !== act.as)) return ['not_found'];
  // The old profile of a move loses sight of it at a moment that nobody is told.
  const unseen: Outcome[] = connection.as === act.as ? [] : ['not_found'];
  return [...unseen, ...theirOutcomes(state, act, connection, at)];
}

function connectOutcomes(state: State, { user, as }: Extract<Act, { do: 'connect' }>): Outcome[] {
  const failure = tokenFailure(state, user);
  if (failure) return [failure];
  const closed = gateRefusals(state);
  if (closed.length > 0) return closed;
  if (connectionOf(state, user)) return ['already_connected'];
  return profileOutcomes(state, user, as);
}

/** The old profile of somebody's move is free at a moment that nobody is told. */
function profileOutcomes(state: State, user: User, as: Profile): Outcome[] {
  const others = liveConnections(state).filter((one) => one.user !== user);
  if (others.some((one) => one.as === as)) return ['profile_taken'];
  return others.some((one) => one.movedFrom === as) ? ['profile_taken', 'ok'] : ['ok'];
}

function moveOutcomes(state: State, connection: ConnectionModel, as: Profile): Outcome[] {
  const closed = gateRefusals(state);
  if (closed.length > 0) return closed;
  const refusals: Outcome[] = connection.unsettled ? ['removing'] : [];
  if (connection.as === as) return [...refusals, 'already_connected'];
  return [...refusals, ...profileOutcomes(state, connection.user, as)];
}

function theirOutcomes(
  state: State,
  act: Exclude<DeveloperAct, { do: 'connect' | 'move' }>,
  connection: ConnectionModel,
  at: Moment,
): Outcome[] {
  if (act.do === 'opt_out' || act.do === 'forget') return ['ok'];
  if (act.do === 'reconnect') return reconnectOutcomes(state, act, connection);
  const soon =
    act.do === 'update' ? tooSoon(connection.updated, state.durations.intervalMs, at, 'update_too_soon') : [];
  if (soon.length > 0 && !soon.includes('ok')) return soon;
  const refusals = soon.filter((one) => one !== 'ok');
  if (connection.unsettled) refusals.push('removing');
  const closed = gateRefusals(state);
  if (closed.length > 0) return [...refusals, ...closed];
  const { status } = connection;
  const may = act.do === 'send' ? status === 'connected' || status === 'sending' : status === 'sending';
  if (!may || isSwitchedOff(state, connection)) return [...refusals, 'wrong_state'];
  // A move may have been settled or not: only then it sends.
  if (connection.unsettled) refusals.push('wrong_state');
  if (act.do === 'send') return [...refusals, 'ok'];
  return [...refusals, readFailure(state, connection) ?? 'ok'];
}

function reconnectOutcomes(
  state: State,
  { freshToken }: Extract<Act, { do: 'reconnect' }>,
  connection: ConnectionModel,
): Outcome[] {
  const failure = freshToken ? tokenFailure(state, connection.user) : undefined;
  if (failure) return [failure];
  const off = isSwitchedOff(state, connection);
  const lives = isLive(connection) && !off;
  // A live one needs nothing but the new token.
  if (lives && freshToken && !connection.unsettled) return ['ok'];
  const refusals: Outcome[] = connection.unsettled ? ['removing'] : [];
  // A move that is not settled passes through a state from which its developer may come back as well.
  if (connection.unsettled && lives) refusals.push('ok', 'wrong_state');
  const closed = gateRefusals(state);
  if (closed.length > 0) return [...refusals, ...closed];
  if ([...connection.causes].some(isObserved) && failureAfter(state, connection, freshToken)) {
    return [...refusals, 'cause_remains'];
  }
  return [...refusals, lives ? 'wrong_state' : 'ok'];
}

function failureAfter(state: State, connection: ConnectionModel, freshToken: boolean) {
  const token = freshToken ? state.people[connection.user].lastToken + 1 : connection.token;
  return readFailure(state, { ...connection, token });
}

export function developerDid(state: State, act: DeveloperAct, at: Moment, outcome: Outcome): void {
  const person = state.people[act.user];
  if (act.do === 'connect' || (act.do === 'reconnect' && act.freshToken)) person.lastToken += 1;
  const connection = connectionOf(state, act.user);
  if (act.do === 'connect') {
    if (outcome === 'ok') connected(state, act.user, act.as);
    return;
  }
  if (!connection || outcome === 'not_found' || outcome === 'unauthenticated') return;
  if (act.do === 'reconnect' && act.freshToken && !tokenFailure(state, act.user)) connection.token = person.lastToken;
  if (act.do === 'update') return updated(state, connection, at, outcome);
  if (outcome !== 'ok') return;
  switch (act.do) {
    case 'send':
      return ticked(state, connection, at);
    case 'opt_out':
      return optedOut(state, connection, at);
    case 'forget':
      return forgotten(state, connection);
    case 'reconnect':
      return reconnected(state, connection, at);
    case 'move':
      return moved(state, connection, act.as, at);
  }
}

function connected(state: State, user: User, as: Profile): void {
  state.connections[user] = {
    user,
    as,
    status: 'connected',
    unsettled: false,
    follows: 'made',
    movedFrom: undefined,
    movedAt: undefined,
    movedWhileOff: false,
    ticked: false,
    causes: new Set(),
    generation: state.sharing.generation,
    restoreUntil: undefined,
    kept: {},
    token: state.people[user].lastToken,
    sighting: undefined,
    updated: undefined,
    loose: false,
    audit: ['connection.created', 'connection.established'],
    receipts: [],
    perhapsTold: 0,
  };
}

function ticked(state: State, connection: ConnectionModel, at: Moment): void {
  if (connection.status === 'sending') return;
  connection.status = 'sending';
  connection.ticked = true;
  connection.sighting = undefined;
  connection.generation = state.sharing.generation;
  connection.audit.push('connection.sending_started');
  connection.follows = 'read';
  reads(state, connection, at);
}

function updated(state: State, connection: ConnectionModel, at: Moment, outcome: Outcome): void {
  const read = readFailure(state, connection);
  if (outcome !== 'ok' && outcome !== read) return;
  connection.updated = at;
  reads(state, connection, at);
}

/** One read of the source; what it sees may be a sign that the person is gone, and enough of them remove. */
export function reads(state: State, connection: ConnectionModel, at: Moment): void {
  const failure = readFailure(state, connection);
  if (failure === undefined) {
    connection.sighting = undefined;
    connection.kept = afterRead(connection.kept, state.people[connection.user].days, at[1]);
    if (connection.status !== 'restoring') return;
    connection.status = 'sending';
    connection.audit.push('connection.restored');
    return;
  }
  const cause = CAUSES[failure];
  if (!cause) return;
  const times = connection.sighting?.cause === cause ? connection.sighting.times + 1 : 1;
  connection.sighting = { cause, times };
  if (times < state.durations.sightings) return;
  connection.follows = 'observed';
  removed(state, connection, at, cause);
  connection.causes.add(cause);
  connection.audit.push('connection.removal_observed', 'connection.counts_deleted');
}

function removed({ durations }: State, connection: ConnectionModel, at: Moment, cause: string): void {
  told(connection, cause);
  connection.status = 'restorable';
  startClock(connection, at, durations.windowMs);
}

/** The 90 days start with the first removal, which is that of a move where this one overtook it. */
export function startClock(connection: ConnectionModel, at: Moment, windowMs: number): void {
  const first = connection.movedAt?.[0] ?? at[0];
  connection.restoreUntil ??= later([first, at[1]], windowMs);
}

/** What overtakes a move, or a read, may find its counts or not. */
function told(connection: ConnectionModel, cause: string): void {
  const items = Object.keys(connection.kept).length;
  const isOpen = connection.unsettled || connection.follows === 'read';
  connection.receipts.push({ cause, itemsDeleted: isOpen ? 0 : items });
  if (isOpen) connection.perhapsTold += items;
  connection.kept = {};
}

function optedOut(state: State, connection: ConnectionModel, at: Moment): void {
  connection.audit.push('connection.opt_out_accepted');
  if (connection.unsettled) connection.loose = true;
  if (isLive(connection)) {
    removed(state, connection, at, 'opted_out');
    connection.audit.push('connection.removal_started', 'connection.counts_deleted');
  } else if (!connection.causes.has('opted_out')) {
    connection.audit.push('connection.cause_added');
  }
  startClock(connection, at, state.durations.windowMs);
  connection.causes.add('opted_out');
  connection.unsettled = true;
}

export function forgotten(state: State, connection: ConnectionModel): void {
  connection.audit.push('connection.forget_accepted', 'connection.forgotten');
  told(connection, 'forgotten');
  if (connection.unsettled) connection.loose = true;
  connection.unsettled = true;
  erased(state, connection);
}

/** A profile that nothing feeds any more is nobody's choice any more either. */
function erased(state: State, connection: ConnectionModel): void {
  connection.kept = {};
  connection.status = 'ended';
  for (const profile of [connection.as, connection.movedFrom]) if (profile) unfed(state, profile);
}

function unfed(state: State, profile: Profile): void {
  if (!liveConnections(state).some((one) => one.as === profile)) state.published[profile] = false;
}

/** Everything that was accepted has happened. */
export function settled(state: State, connection: ConnectionModel): void {
  connection.unsettled = false;
  connection.follows = undefined;
  if (connection.movedFrom) unfed(state, connection.movedFrom);
  connection.movedFrom = undefined;
  connection.movedAt = undefined;
}

export function lapsed(state: State, connection: ConnectionModel): void {
  connection.audit.push('connection.lapsed');
  erased(state, connection);
}

function reconnected(state: State, connection: ConnectionModel, at: Moment): void {
  // A live one took the new token and nothing else.
  if (isLive(connection) && !isSwitchedOff(state, connection)) return;
  if ([...connection.causes].some(isObserved)) connection.audit.push('connection.cause_lifted');
  comesBack(state, connection, at);
}

function comesBack(state: State, connection: ConnectionModel, at: Moment): void {
  connection.unsettled = false;
  connection.causes.clear();
  connection.sighting = undefined;
  connection.restoreUntil = undefined;
  connection.generation = state.sharing.generation;
  connection.status = connection.ticked ? 'restoring' : 'connected';
  connection.audit.push('connection.reconnected');
  connection.follows = 'read';
  if (connection.ticked) reads(state, connection, at);
}

function moved(state: State, connection: ConnectionModel, as: Profile, at: Moment): void {
  connection.audit.push('connection.move_accepted');
  const { windowMs } = state.durations;
  connection.movedWhileOff = isSwitchedOff(state, connection);
  connection.movedAt = [connection.restoreUntil ? connection.restoreUntil[0] - windowMs : at[0], at[1]];
  if (isLive(connection)) connection.audit.push('connection.move_started');
  removed(state, connection, at, 'moved');
  connection.audit.push('connection.moved');
  connection.movedFrom = connection.as;
  connection.as = as;
  if (connection.causes.size === 0) comesBack(state, connection, at);
  connection.unsettled = true;
}
