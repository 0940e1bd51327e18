import { dueAt, type DueRule } from './business-days.ts';
import { addMs } from './dates.ts';
import type { CheckCode, Eligibility } from './eligibility.ts';

export const REQUEST_STATUSES = [
  /** The checks are being read at the sources of truth. */
  'checking',
  /** A check failed, or could not be read (`proof_unavailable`); the list says which. */
  'ineligible',
  /** Custom terms: a person has to contact the requester. */
  'logged',
  /** The requester was contacted; support may decide. */
  'contacted',
  'approved',
  'denied',
  'withdrawn',
  /** Nobody did anything for long. */
  'expired',
] as const;
export type RequestStatus = (typeof REQUEST_STATUSES)[number];

/** Ids alone: what a role is read by, and what tells whether a decider decides their own request. */
export interface Requester {
  sourceUserId: number;
  /** ISO UTC to the second; with the id it is the identity at the instance. */
  sourceCreatedAt: string;
  githubUserId: number;
}

/** Plain JSON: it crosses continue-as-new. Times are ISO. */
export interface AccessRequest {
  status: RequestStatus;
  requester: Requester;
  askedAt: string;
  failedChecks: CheckCode[];
  decidedByTerms: boolean;
  informationAsked: boolean;
  /** A pseudonym of staff. */
  handler: string | null;
  contactDueAt: string | null;
  expiresAt: string | null;
  nudgedAt: string | null;
  decidedAt: string | null;
  /** How many of each were sent: each number goes out at most once. */
  reminders: number;
  escalations: number;
}

/** A request as PostgreSQL shows it, and the version that orders its steps. */
export interface Standing {
  request: AccessRequest;
  version: number;
}

export interface RequestSettings {
  contactDue: DueRule;
  expiryMs: number;
  remindEveryMs: number;
  reminders: number;
  escalateAfterMs: number;
  escalations: number;
  nudgeEveryMs: number;
  instructionsUrl: string;
  /** How long a source of truth that cannot be reached is tried for, and the wait before the second try. */
  proofWithinMs: number;
  proofRetryMs: number;
}

/** Who is told, as a role that is resolved to an address when the message is sent. */
export interface Notice {
  event: string;
  to: 'requester' | 'handler' | 'support' | 'escalation';
}

export interface RequestStep {
  next: AccessRequest;
  /** The audit action; undefined when nothing changed. */
  action: string | undefined;
  notices: Notice[];
}

export function newRequest(requester: Requester, askedAt: string): AccessRequest {
  return {
    status: 'checking',
    requester,
    askedAt,
    failedChecks: [],
    decidedByTerms: false,
    informationAsked: false,
    handler: null,
    contactDueAt: null,
    expiresAt: null,
    nudgedAt: null,
    decidedAt: null,
    reminders: 0,
    escalations: 0,
  };
}

export function isClosed(status: RequestStatus): boolean {
  return status !== 'checking' && status !== 'logged' && status !== 'contacted';
}

/** Whoever asked is to be forgotten: what is open is withdrawn, in whatever state it is. */
export function withdrawForgotten(request: AccessRequest): RequestStep {
  if (isClosed(request.status)) return { next: request, action: undefined, notices: [] };
  const notices: Notice[] = [{ event: 'request.withdrawn', to: caretaker(request) }];
  return { next: { ...request, status: 'withdrawn' }, action: 'request.withdrawn', notices };
}

/** Whoever looks after the request now. */
export function caretaker(request: AccessRequest): Notice['to'] {
  return request.handler === null ? 'support' : 'handler';
}

/** Approved without a person: by the terms alone. */
export function approvedByTerms(request: AccessRequest, at: string): RequestStep {
  const next: AccessRequest = { ...request, status: 'approved', decidedByTerms: true, decidedAt: at };
  return { next, action: 'request.approved_by_terms', notices: [{ event: 'request.approved', to: 'requester' }] };
}

/**
 * The early answer. What could not be proved is closed and not kept open: the requester was told 503 and may ask again
 * at once, and whoever was told 202 still finds the request and reads why it ended.
 */
export function concludeChecks(
  request: AccessRequest,
  outcome: Eligibility,
  at: string,
  settings: RequestSettings,
): RequestStep {
  if (!outcome.reachable) return ineligible(request, ['proof_unavailable'], 'request.not_proved');
  if (outcome.failed.length > 0) return ineligible(request, outcome.failed, 'request.found_ineligible');
  if (outcome.terms === 'standard') return { ...approvedByTerms(request, at), notices: [] };
  const next: AccessRequest = {
    ...request,
    status: 'logged',
    contactDueAt: dueAt(request.askedAt, settings.contactDue),
    expiresAt: addMs(at, settings.expiryMs),
  };
  return { next, action: 'request.logged', notices: [{ event: 'request.logged', to: 'support' }] };
}

function ineligible(request: AccessRequest, failed: CheckCode[], action: string): RequestStep {
  return { next: { ...request, status: 'ineligible', failedChecks: failed }, action, notices: [] };
}
