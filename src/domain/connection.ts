import { DomainError, type ErrorCode } from './errors.ts';

export const CONNECTION_STATUSES = [
  /** both accounts are being authorized */
  'connecting',
  /** connected; nothing is sent before the developer ticks */
  'connected',
  /** counts are sent each hour */
  'sending',
  /** a removal is accepted; counts are being deleted and verified */
  'removing',
  /** counts are gone and verified; the developer may come back until `restore_until` */
  'restorable',
  /** the developer came back; the source is being read again */
  'restoring',
  /** the link is erased; only receipts are left */
  'ended',
] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** `switched_off` is a cause too, but never stored: it is derived where the sharing generations differ. */
export const STORED_CAUSES = ['opted_out', 'suspended', 'gone', 'token_lost'] as const;
export type StoredCause = (typeof STORED_CAUSES)[number];
export type ObservedCause = Exclude<StoredCause, 'opted_out'>;
export type Cause = StoredCause | 'switched_off';

/** What the workflow owns. Plain JSON, so that it crosses continue-as-new. */
export interface ConnectionState {
  schemaVersion: 1;
  status: ConnectionStatus;
  causes: StoredCause[];
  /** The consent text that the developer agreed to; null before the first tick. */
  consentVersion: string | null;
}

export type ConnectionCommand =
  | { type: 'establish' }
  | { type: 'send'; consentVersion: string }
  | { type: 'opt_out' }
  | { type: 'observe'; cause: ObservedCause }
  | { type: 'switched_off' }
  | { type: 'removed' }
  | { type: 'move' }
  | { type: 'moved' }
  | { type: 'lift'; causes: ObservedCause[] }
  /** Coming back renews the consent, under the current text where another one is told. */
  | { type: 'reconnect'; consentVersion?: string }
  | { type: 'restored' }
  | { type: 'lapse' }
  | { type: 'forget' };

/** What PostgreSQL has to do with its fences in the step's transaction. */
export type FenceMove =
  | 'none'
  /** store the instance's sharing generation, if its gate is open, and clear the clock */
  | 'enter'
  /** raise the generation and start the 90 days, if what was observed stands still */
  | 'close'
  /** put the profile of an accepted move in the place of the old one */
  | 'change_profile';

export interface ConnectionStep {
  next: ConnectionState;
  /** The audit action; undefined when nothing changed. */
  action: string | undefined;
  fence: FenceMove;
}

export const NEW_CONNECTION: ConnectionState = {
  schemaVersion: 1,
  status: 'connecting',
  causes: [],
  consentVersion: null,
};

const LIVE: readonly ConnectionStatus[] = ['connecting', 'connected', 'sending', 'restoring'];

export function isLive(status: ConnectionStatus): boolean {
  return LIVE.includes(status);
}

function refusal(state: ConnectionState): DomainError {
  const code: ErrorCode = state.status === 'removing' ? 'removing' : 'wrong_state';
  return new DomainError(code, undefined, { facts: { status: state.status } });
}

const unchanged = (state: ConnectionState): ConnectionStep => ({ next: state, action: undefined, fence: 'none' });

function withCause(state: ConnectionState, cause: StoredCause): StoredCause[] {
  return state.causes.includes(cause) ? state.causes : [...state.causes, cause];
}

function to(
  state: ConnectionState,
  status: ConnectionStatus,
  action: string,
  fence: FenceMove = 'none',
  changes: Partial<ConnectionState> = {},
): ConnectionStep {
  return { next: { ...state, ...changes, status }, action: `connection.${action}`, fence };
}

function send(state: ConnectionState, consentVersion: string): ConnectionStep {
  if (state.status === 'sending' && state.consentVersion === consentVersion) return unchanged(state);
  if (state.status !== 'connected' && state.status !== 'sending') throw refusal(state);
  return to(state, 'sending', 'sending_started', 'enter', { consentVersion });
}

/** A removal's fence was closed where it was accepted: by the route for an opt-out, by the gate for a switch. */
function optOut(state: ConnectionState): ConnectionStep {
  const causes = withCause(state, 'opted_out');
  if (isLive(state.status)) return to(state, 'removing', 'removal_started', 'none', { causes });
  if (causes === state.causes) return unchanged(state);
  return to(state, state.status, 'cause_added', 'none', { causes });
}

function observe(state: ConnectionState, cause: ObservedCause): ConnectionStep {
  const causes = withCause(state, cause);
  if (isLive(state.status)) return to(state, 'removing', 'removal_observed', 'close', { causes });
  if (causes === state.causes) return unchanged(state);
  return to(state, state.status, 'cause_added', 'none', { causes });
}

function lift(state: ConnectionState, lifted: ObservedCause[]): ConnectionStep {
  const causes = state.causes.filter((cause) => cause === 'opted_out' || !lifted.includes(cause));
  if (causes.length === state.causes.length) return unchanged(state);
  return to(state, state.status, 'cause_lifted', 'none', { causes });
}

function reconnect(state: ConnectionState, renewed?: string): ConnectionStep {
  if (state.status !== 'restorable') throw refusal(state);
  const standing = state.causes.filter((cause) => cause !== 'opted_out');
  if (standing.length > 0) throw new DomainError('cause_remains', undefined, { facts: { causes: standing } });
  // Whoever never ticked comes back to where they were: nothing was sent, so nothing is restored.
  if (state.consentVersion === null) return to(state, 'connected', 'reconnected', 'enter', { causes: [] });
  const consentVersion = renewed ?? state.consentVersion;
  return to(state, 'restoring', 'reconnected', 'enter', { causes: [], consentVersion });
}

/**
 * The rules of one connection. A command that changes nothing gives no action; one that may not be taken is refused.
 * @throws DomainError wrong_state, removing, cause_remains
 */
export function stepConnection(state: ConnectionState, command: ConnectionCommand): ConnectionStep {
  if (state.status === 'ended') return unchanged(state);
  switch (command.type) {
    case 'establish':
      return state.status === 'connecting' ? to(state, 'connected', 'established') : unchanged(state);
    case 'send':
      return send(state, command.consentVersion);
    case 'opt_out':
      return optOut(state);
    case 'observe':
      return observe(state, command.cause);
    case 'switched_off':
      return isLive(state.status) ? to(state, 'restorable', 'switched_off') : unchanged(state);
    case 'removed':
      return state.status === 'removing' ? to(state, 'restorable', 'counts_deleted') : unchanged(state);
    case 'move':
      return isLive(state.status) ? to(state, 'removing', 'move_started') : unchanged(state);
    case 'moved':
      // What is live has counts at the old profile.
      return isLive(state.status) ? unchanged(state) : to(state, 'restorable', 'moved', 'change_profile');
    case 'lift':
      return lift(state, command.causes);
    case 'reconnect':
      return reconnect(state, command.consentVersion);
    case 'restored':
      return state.status === 'restoring' ? to(state, 'sending', 'restored') : unchanged(state);
    case 'lapse':
      return to(state, 'ended', 'lapsed', 'none', { causes: [], consentVersion: null });
    case 'forget':
      return to(state, 'ended', 'forgotten', 'none', { causes: [], consentVersion: null });
  }
}

/** Facts that PostgreSQL owns and a reader sees over the projection. */
export interface ConnectionFacts {
  /** Its sharing generation is not the instance's. */
  switchedOff: boolean;
  instanceTurningOff: boolean;
  openRemoval: boolean;
  erased: boolean;
}

/** What a page says of a connection: fences and open intents before the projection. Never "deleted" before it is. */
export function shownStatus(status: ConnectionStatus, facts: ConnectionFacts): ConnectionStatus {
  if (facts.erased) return 'ended';
  if (facts.openRemoval && status !== 'restorable') return 'removing';
  if (facts.switchedOff && (isLive(status) || status === 'restorable')) {
    return facts.instanceTurningOff ? 'removing' : 'restorable';
  }
  return status;
}

/** @param accepted the kinds of acts that were accepted and that its workflow has still to take up */
export function shownCauses(
  causes: readonly StoredCause[],
  facts: ConnectionFacts,
  accepted: readonly string[] = [],
): Cause[] {
  const shown: Cause[] = [...causes];
  if (accepted.includes('opt_out') && !shown.includes('opted_out')) shown.push('opted_out');
  if (facts.switchedOff) shown.push('switched_off');
  return shown;
}
