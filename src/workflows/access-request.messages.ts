import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AccessRequest, RequestSettings, Requester, RequestStatus, Standing } from '../domain/access-request.ts';
import type { Decider } from '../domain/access-request-acts.ts';
import type { FailedCheck } from '../domain/eligibility.ts';
import type { Answered } from './act-queue.ts';

const PREFIX = 'access-request/';

export const accessRequestWorkflowId = (requestId: string): string => `${PREFIX}${requestId}`;

/** The request that a workflow id is about, or undefined for another kind of workflow. */
export function accessRequestOf(workflowId: string): string | undefined {
  return workflowId.startsWith(PREFIX) ? workflowId.slice(PREFIX.length) : undefined;
}

export interface AccessRequestInput {
  requestId: string;
  instanceId: string;
  requester: Requester;
  /** When it was asked for, ISO: the first contact's due time counts from here. */
  askedAt: string;
  settings: RequestSettings;
  /** What crosses continue-as-new, or what the row says where the workflow was lost. */
  carried?: CarriedRequest;
  /** Continue as new after so many events; the server's own suggestion counts as well. For tests. */
  maxEvents?: number;
}

/** Plain JSON. */
export interface CarriedRequest extends Standing {
  schemaVersion: 1;
  recent: Answered<RequestAnswer>[];
}

/** What the terms say, at once. */
export type EarlyAnswer =
  | { status: 'ineligible'; failedChecks: FailedCheck[] }
  | { status: 'approved'; instructionsUrl: string }
  | { status: 'logged'; contactDueAt: string };

export interface RequestAnswer {
  status: RequestStatus;
  /** The version under which PostgreSQL shows it. */
  version: number;
}

/** Every act carries who (a pseudonym) and when (ISO); its `operationId` makes it the same act when it is sent again. */
export interface RequestActBy {
  operationId: string;
  actor: string;
  asOf: string;
}
type Noted = RequestActBy & { noteId: string };
type Decision = Noted & { decider: Decider };

/**
 * Answers when the early answer is committed. Fails with proof_unavailable when a role could not be checked; the request
 * is closed by then and another can be made.
 */
export const beginUpdate = defineUpdate<EarlyAnswer>('begin');

// Each answers when its step is committed, or fails with the domain's code as the failure's type and, in its first
// detail, `retryAt` and facts. Refused by all: request_closed, request_wrong_state; by a missing note: note_required.
/** Whoever looks after the request from now on: a claim, where `staff` is the actor. */
export const assignUpdate = defineUpdate<RequestAnswer, [RequestActBy & { staff: string }]>('assign');
export const contactUpdate = defineUpdate<RequestAnswer, [Noted]>('contact');
export const askInformationUpdate = defineUpdate<RequestAnswer, [Noted]>('askInformation');
export const giveInformationUpdate = defineUpdate<RequestAnswer, [Noted]>('giveInformation');
/** Runs all checks again: proof_unavailable, not_eligible with `failedChecks`; own_request. */
export const approveUpdate = defineUpdate<RequestAnswer, [Decision]>('approve');
/** Refused with own_request to the requester. */
export const denyUpdate = defineUpdate<RequestAnswer, [Decision]>('deny');
export const withdrawUpdate = defineUpdate<RequestAnswer, [RequestActBy]>('withdraw');
/** nudge_too_soon with `retryAt`. */
export const nudgeUpdate = defineUpdate<RequestAnswer, [RequestActBy]>('nudge');
/** Approves by terms where they have become standard, else changes nothing. Fails as `approve` does. */
export const recheckUpdate = defineUpdate<RequestAnswer, [RequestActBy]>('recheck');

/** What the row said just now: a workflow that was restored to an earlier moment takes it over, any other ignores it. */
export const standingSignal = defineSignal<[Standing]>('standing');

export const requestQuery = defineQuery<AccessRequest>('state');
