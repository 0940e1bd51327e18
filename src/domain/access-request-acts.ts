import { approvedByTerms, caretaker, isClosed } from './access-request.ts';
import type { AccessRequest, Notice, RequestSettings, RequestStatus, RequestStep } from './access-request.ts';
import { addMs } from './dates.ts';
import { failedChecks, type Eligibility } from './eligibility.ts';
import { DomainError } from './errors.ts';

/** Who decides: a pseudonym, and the linked GitHub.com user where there is one. */
export interface Decider {
  actor: string;
  githubUserId?: number;
}

/** What people do to a request. A note's text never travels: only its id. */
export type RequestAct =
  | { type: 'assign'; staff: string }
  | { type: 'contact'; noteId: string }
  | { type: 'ask_information'; noteId: string }
  | { type: 'give_information'; noteId: string }
  | { type: 'approve'; noteId: string; decider: Decider }
  | { type: 'deny'; noteId: string; decider: Decider }
  | { type: 'withdraw' }
  | { type: 'nudge' }
  | { type: 'recheck' };

const WAITING: readonly RequestStatus[] = ['logged', 'contacted'];
const ALLOWED_IN: Readonly<Record<RequestAct['type'], readonly RequestStatus[]>> = {
  assign: WAITING,
  contact: WAITING,
  ask_information: WAITING,
  give_information: WAITING,
  approve: ['contacted'],
  deny: ['contacted'],
  withdraw: WAITING,
  nudge: WAITING,
  recheck: WAITING,
};

/** Acts that read the sources of truth again before they are decided. */
export function needsChecks(act: RequestAct): boolean {
  return act.type === 'approve' || act.type === 'recheck';
}

/**
 * Refuses what can be refused without asking anybody.
 *
 * @throws DomainError request_closed, request_wrong_state, note_required, own_request, nudge_too_soon (with `retryAt`)
 */
export function assertAllowed(request: AccessRequest, act: RequestAct, at: string, settings: RequestSettings): void {
  if (isClosed(request.status) || hasExpired(request, at)) throw new DomainError('request_closed');
  if (!ALLOWED_IN[act.type].includes(request.status)) throw new DomainError('request_wrong_state');
  if (act.type === 'give_information' && !request.informationAsked) throw new DomainError('request_wrong_state');
  if ('noteId' in act && !act.noteId) throw new DomainError('note_required');
  if ('decider' in act && act.decider.githubUserId === request.requester.githubUserId) {
    throw new DomainError('own_request');
  }
  if (act.type === 'nudge' && request.nudgedAt !== null) {
    const retryAt = addMs(request.nudgedAt, settings.nudgeEveryMs);
    if (Date.parse(at) < Date.parse(retryAt)) throw new DomainError('nudge_too_soon', undefined, { retryAt });
  }
}

// The timer closes it; an act that overtakes the timer finds it closed all the same.
function hasExpired(request: AccessRequest, at: string): boolean {
  return request.expiresAt !== null && Date.parse(at) >= Date.parse(request.expiresAt);
}

/**
 * @param outcome what the checks said, for acts that `needsChecks`
 * @throws DomainError as `assertAllowed`, and proof_unavailable, not_eligible (with `failedChecks` among the facts)
 */
export function stepAct(
  request: AccessRequest,
  act: RequestAct,
  at: string,
  settings: RequestSettings,
  outcome?: Eligibility,
): RequestStep {
  assertAllowed(request, act, at, settings);
  if (needsChecks(act)) assertEligible(outcome);
  const step = decide(request, act, at, outcome);
  if (step.action === undefined || isClosed(step.next.status)) return step;
  return { ...step, next: { ...step.next, expiresAt: addMs(at, settings.expiryMs) } };
}

function assertEligible(outcome: Eligibility | undefined): void {
  if (!outcome?.reachable) throw new DomainError('proof_unavailable');
  if (outcome.failed.length === 0) return;
  throw new DomainError('not_eligible', undefined, {
    facts: { failedChecks: failedChecks(outcome.failed, outcome.accountKind) },
  });
}

const tell = (event: string, to: Notice['to']): Notice => ({ event, to });

function decide(request: AccessRequest, act: RequestAct, at: string, outcome?: Eligibility): RequestStep {
  const step = (next: Partial<AccessRequest>, action: string, ...notices: Notice[]): RequestStep => ({
    next: { ...request, ...next },
    action,
    notices,
  });
  switch (act.type) {
    case 'assign':
      if (request.handler === act.staff) return { next: request, action: undefined, notices: [] };
      return step({ handler: act.staff }, 'request.assigned', tell('request.assigned', 'handler'));
    case 'contact':
      return step({ status: 'contacted' }, 'request.contacted');
    case 'ask_information':
      return step(
        { informationAsked: true },
        'request.information_asked',
        tell('request.information_asked', 'requester'),
      );
    case 'give_information':
      return step(
        { informationAsked: false },
        'request.information_given',
        tell('request.information_given', caretaker(request)),
      );
    case 'approve':
      return step({ status: 'approved', decidedAt: at }, 'request.approved', tell('request.approved', 'requester'));
    case 'deny':
      return step({ status: 'denied', decidedAt: at }, 'request.denied', tell('request.denied', 'requester'));
    case 'withdraw':
      return step({ status: 'withdrawn' }, 'request.withdrawn', tell('request.withdrawn', caretaker(request)));
    case 'nudge':
      return step({ nudgedAt: at }, 'request.nudged', tell('request.nudged', caretaker(request)));
    case 'recheck':
      if (outcome?.reachable && outcome.terms === 'standard') return approvedByTerms(request, at);
      return { next: request, action: undefined, notices: [] };
  }
}
