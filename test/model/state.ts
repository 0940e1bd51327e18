import type { RequestStatus } from '../../src/domain/access-request.ts';
import type { ObservedCause, StoredCause } from '../../src/domain/connection.ts';
import type { CheckCode, Terms } from '../../src/domain/eligibility.ts';
import type { ErrorCode, SourceFailure } from '../../src/domain/errors.ts';
import type { SharingStatus, Side } from '../../src/domain/sharing.ts';
import { dayOf } from './days.ts';
import { ADMINS, PROFILES, USERS } from './product.ts';
import type { Admin, Days, Durations, Profile, ReceiptLook, Trouble, User } from './product.ts';

/** What the product has to answer: taken, or a refusal. */
export type Outcome = 'ok' | ErrorCode;

/** When something was done: between the moment before the call and the one after it. */
export type Moment = readonly [from: number, to: number];

export interface SharingModel {
  status: SharingStatus;
  /** What it is until its turning off is verified; then the status holds. */
  unsettled: boolean;
  sides: Record<Side, boolean>;
  generation: number;
  /** Looks that did not see GitHub Connect, in a row. */
  lostLooks: number;
  audit: string[];
}

export interface RequestModel {
  status: RequestStatus;
  by: Admin;
  failed: CheckCode[];
  byTerms: boolean;
  informationAsked: boolean;
  handler: string | undefined;
  expires: Moment | undefined;
  nudged: Moment | undefined;
  audit: string[];
}

export interface ConnectionModel {
  user: User;
  as: Profile;
  /** As it is once everything that was accepted has happened. */
  status: 'connected' | 'sending' | 'restorable' | 'restoring' | 'ended';
  /** A removal is accepted that need not be verified yet. */
  unsettled: boolean;
  /** What else follows that was not answered yet: it is being made, its source is being read, a cause is acted upon. */
  follows: 'made' | 'read' | 'observed' | undefined;
  /** Where it came from, while a move is not settled. */
  movedFrom: Profile | undefined;
  /** When the 90 days began of which that move is the end: a removal that overtakes it goes on with them. */
  movedAt: Moment | undefined;
  /** It was switched off before that move, and is so still where the move was overtaken. */
  movedWhileOff: boolean;
  ticked: boolean;
  causes: Set<StoredCause>;
  generation: number;
  restoreUntil: Moment | undefined;
  kept: Days;
  token: number;
  sighting: { cause: ObservedCause; times: number } | undefined;
  updated: Moment | undefined;
  /** What is recorded depends on whether its workflow has heard of a gate that closed, or on what overlapped. */
  loose: boolean;
  audit: string[];
  receipts: ReceiptLook[];
  /** Items of which another receipt may tell, or none: a gate's own, or a move's that was overtaken before it read again. */
  perhapsTold: number;
}

interface Person {
  days: Days;
  troubles: Record<Trouble, boolean>;
  /** Tokens are numbered; those of the instance that were revoked. */
  revoked: Set<number>;
  lastToken: number;
}

/** All that there is, as a reader of the product's description expects it. It knows nothing of the product's own code. */
export interface State {
  durations: Durations;
  sharing: SharingModel;
  connect: boolean;
  terms: Terms | null;
  request: RequestModel | undefined;
  admins: Record<Admin, { site_admin: boolean; owner: boolean; proved: boolean }>;
  outages: { instance: boolean; github: boolean };
  people: Record<User, Person>;
  connections: Partial<Record<User, ConnectionModel>>;
  published: Record<Profile, boolean>;
  /** Who is signed in with a browser. */
  sessions: Set<string>;
}

const each = <Key extends string, Value>(keys: readonly Key[], make: () => Value) =>
  Object.fromEntries(keys.map((key) => [key, make()])) as Record<Key, Value>;

export function newState(durations: Durations): State {
  return {
    durations,
    sharing: {
      status: 'unavailable',
      unsettled: false,
      sides: { instance: false, account: false },
      generation: 0,
      lostLooks: 0,
      audit: [],
    },
    connect: true,
    terms: null,
    request: undefined,
    admins: each(ADMINS, () => ({ site_admin: true, owner: true, proved: false })),
    outages: { instance: false, github: false },
    people: each(USERS, () => ({
      days: {},
      troubles: { suspended: false, gone: false, reused: false, lies: false },
      revoked: new Set<number>(),
      lastToken: 0,
    })),
    connections: {},
    published: each(PROFILES, () => false),
    sessions: new Set(),
  };
}

/** Names the session of a user as one account of GitHub.com. */
export const sessionOf = ({ user, as }: { user: User; as: Profile }) => `${user} ${as}`;

/** The connection of a user that is not ended. */
export function connectionOf(state: State, user: User): ConnectionModel | undefined {
  const connection = state.connections[user];
  return connection?.status === 'ended' ? undefined : connection;
}

export function liveConnections(state: State): ConnectionModel[] {
  return USERS.flatMap((user) => connectionOf(state, user) ?? []);
}

export function isSwitchedOff({ sharing }: State, connection: ConnectionModel): boolean {
  return connection.generation < sharing.generation;
}

export function isLive({ status }: ConnectionModel): boolean {
  return status === 'connected' || status === 'sending' || status === 'restoring';
}

/** What a read of the counts with the stored token comes to. */
export function readFailure({ outages, people }: State, { user, token }: ConnectionModel): SourceFailure | undefined {
  const { troubles, revoked } = people[user];
  if (outages.instance) return 'source_unreachable';
  if (troubles.gone || revoked.has(token)) return 'token_revoked';
  if (troubles.suspended) return 'user_suspended';
  if (troubles.reused) return 'identity_mismatch';
  return troubles.lies ? 'bad_answer' : undefined;
}

/** What a look at whose token it is comes to: nothing is said of counts, so that nobody lies. */
export function tokenFailure({ outages, people }: State, user: User): SourceFailure | undefined {
  const { troubles } = people[user];
  if (outages.instance) return 'source_unreachable';
  if (troubles.gone) return 'token_revoked';
  if (troubles.suspended) return 'user_suspended';
  return troubles.reused ? 'identity_mismatch' : undefined;
}

export const CAUSES: Partial<Record<SourceFailure, ObservedCause>> = {
  token_revoked: 'token_lost',
  user_suspended: 'suspended',
  identity_mismatch: 'gone',
};

/** What is kept after a read: the window as the source has it, and what has left the window. */
export function afterRead(kept: Days, source: Days, now: number): Days {
  const [from, to] = [dayOf(now, -90), dayOf(now, 1)];
  const isIn = (day: string) => from <= day && day <= to;
  const old = Object.entries(kept).filter(([day]) => !isIn(day));
  const read = Object.entries(source).filter(([day, count]) => isIn(day) && count > 0);
  return Object.fromEntries([...old, ...read].toSorted(([a], [b]) => a.localeCompare(b)));
}

/** A copy that nothing is shared with. Made here, since what Node.js clones is of another realm than a test's. */
export function copyOf<Value>(value: Value): Value {
  if (value instanceof Set) return new Set(value) as Value;
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one as unknown)])) as Value;
}
