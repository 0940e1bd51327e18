import type { RequestStatus } from '../../src/domain/access-request.ts';
import type { Cause, ConnectionStatus } from '../../src/domain/connection.ts';
import type { CheckCode, Terms } from '../../src/domain/eligibility.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { SharingStatus, Side } from '../../src/domain/sharing.ts';

export const ADMINS = ['ada', 'ines'] as const;
export type Admin = (typeof ADMINS)[number];
export const USERS = ['devi', 'emil'] as const;
export type User = (typeof USERS)[number];
/** Accounts of GitHub.com: each user has one of the same name, and whoever likes moves to the spare one. */
export const PROFILES = ['devi', 'emil', 'spare'] as const;
export type Profile = (typeof PROFILES)[number];

/** What people and operators do, each by one call of the API, or with a browser: `by` it, or where it is about sessions. */
export type Act =
  | { do: 'request'; by: Admin }
  | { do: 'answer'; by: Admin; act: 'withdraw' | 'nudge' | 'information' }
  | { do: 'handle'; act: 'claim' | 'contacts' | 'information-requests' | 'approve' | 'deny' | 'recheck'; by: Support }
  | { do: 'terms'; terms: Terms }
  | { do: 'switch'; by: Admin; side: Side; on: boolean }
  | { do: 'revoke' }
  | { do: 'record_connect'; connected: boolean }
  | { do: 'sync' }
  | { do: 'connect'; user: User; as: Profile }
  | { do: 'send' | 'opt_out' | 'update' | 'forget'; user: User; as: Profile; by?: 'browser' }
  | { do: 'reconnect'; user: User; as: Profile; freshToken: boolean }
  | { do: 'move'; user: User; as: Profile; by?: 'browser' }
  | { do: 'sign_in' | 'sign_out' | 'forget_me'; user: User; as: Profile }
  | { do: 'show'; as: Profile; public: boolean };
/** `ada` is Ada herself, who works for support as well. */
export type Support = 'support' | 'ada';

export const TROUBLES = ['suspended', 'gone', 'reused', 'lies'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What happens at the instance and at GitHub.com, and time. */
export type Happening =
  | { happens: 'contribution'; user: User; daysAgo: number; count: number }
  | { happens: 'trouble'; user: User; trouble: Trouble; on: boolean }
  | { happens: 'token_revoked' | 'renamed'; user: User }
  | { happens: 'role'; who: Admin; role: 'site_admin' | 'owner'; on: boolean }
  | { happens: 'outage'; of: 'instance' | 'github'; on: boolean }
  | { happens: 'keys_rotated' }
  | { happens: 'time'; of: 'window' | 'expiry' | 'interval' };

export interface Answer {
  status: number;
  /** Of a refusal. */
  code?: ErrorCode;
}

export interface ConnectionLook {
  status: ConnectionStatus;
  causes: Cause[];
  deletionPending: boolean;
  restoreUntil: string | null;
  observed: boolean;
}

export interface SharingLook {
  status: SharingStatus;
  instanceSide: boolean;
  accountSide: boolean;
  generation: number;
}

export interface RequestLook {
  status: RequestStatus;
  failedChecks: CheckCode[];
  informationAsked: boolean;
  decidedByTerms: boolean;
  expiresAt: string | null;
}

export type Days = Record<string, number>;

export interface ReceiptLook {
  cause: string;
  itemsDeleted: number;
}

export interface AuditLook {
  of: 'sharing' | 'request' | User;
  action: string;
  from: string | undefined;
  to: string | undefined;
}

/** What the durations of this product are, in milliseconds. */
export interface Durations {
  windowMs: number;
  expiryMs: number;
  /** Of nudges and of updates by hand. */
  intervalMs: number;
  sightings: number;
  connectLooks: number;
}

export type Patience = 'once' | 'long';

/**
 * The product as a sequence of the model drives it and looks at it: the rules alone in a small world in memory, or the
 * real system over its API. One instance, one account, a few people.
 */
export interface Product {
  readonly durations: Durations;
  now(): number;
  /** Time passes until then. */
  pass(until: number): Promise<void>;
  /** @param twice sends the same again under the same idempotency key, and holds both answers against each other */
  act(act: Act, twice: boolean): Promise<Answer>;
  happen(happening: Exclude<Happening, { happens: 'time' }>): Promise<void>;
  sharing(): Promise<SharingLook>;
  /** The newest request. */
  request(): Promise<RequestLook | undefined>;
  /** Of one user as one account of GitHub.com; undefined where nothing is theirs to see. */
  connection(user: User, as: Profile): Promise<ConnectionLook | undefined>;
  sent(user: User, as: Profile): Promise<Days | undefined>;
  /** Whether the browser in which they signed in last still is. */
  signedIn(user: User, as: Profile): Promise<boolean>;
  /** What anybody sees; undefined for a private profile. */
  published(profile: Profile): Promise<Days | undefined>;
  /** Of a user's newest connection, forgotten or not. */
  receipts(user: User): Promise<ReceiptLook[]>;
  /** Rows of counts that are kept of a user's newest connection, whatever any page says. */
  rowsOf(user: User): Promise<number>;
  /** What is recorded of sharing, of the newest request and of each user's newest connection, the oldest first. */
  audit(): Promise<AuditLook[]>;
  /** The status of the projection, whatever is shown over it. */
  projected(user: User): Promise<ConnectionStatus>;
  /** Looks until it holds, or once; @returns whether it did in time */
  until(holds: () => Promise<boolean>, patience: Patience): Promise<boolean>;
  close(): Promise<void>;
}
