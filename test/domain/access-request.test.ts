import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { stepAct, type RequestAct } from '../../src/domain/access-request-acts.ts';
import { alarms, dueAlarm, sound } from '../../src/domain/access-request-alarms.ts';
import {
  concludeChecks,
  isClosed,
  newRequest,
  type AccessRequest,
  type RequestSettings,
  type RequestStep,
} from '../../src/domain/access-request.ts';
import {
  failedChecks,
  judge,
  remedyOf,
  CHECKS,
  type Eligibility,
  type EligibilityFacts,
} from '../../src/domain/eligibility.ts';
import { addMs } from '../../src/domain/dates.ts';
import { DomainError } from '../../src/domain/errors.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONDAY = '2026-11-23T09:00:00.000Z';
const later = (ms: number) => addMs(MONDAY, ms);

const settings: RequestSettings = {
  contactDue: { businessDays: 2, holidays: [] },
  expiryMs: 30 * DAY,
  remindEveryMs: DAY,
  reminders: 3,
  escalateAfterMs: DAY,
  escalations: 2,
  nudgeEveryMs: 4 * HOUR,
  instructionsUrl: '/docs/enabling',
  proofWithinMs: 5000,
  proofRetryMs: 500,
};
const requester = { sourceUserId: 1001, sourceCreatedAt: '2019-03-10T08:30:00Z', githubUserId: 5_820_341 };
const decider = { actor: 'staff:1', githubUserId: 7 };
const eligible: Eligibility = { reachable: true, failed: [], terms: 'custom', accountKind: 'enterprise' };
const standard: Eligibility = { ...eligible, terms: 'standard' };
const facts: EligibilityFacts = {
  siteAdmin: true,
  accountOwner: true,
  connected: true,
  sharing: 'unavailable',
  terms: 'standard',
  accountKind: 'enterprise',
};

const logged = () => concludeChecks(newRequest(requester, MONDAY), eligible, MONDAY, settings).next;
const act = (request: AccessRequest, what: RequestAct, at = later(HOUR), outcome?: Eligibility): AccessRequest =>
  stepAct(request, what, at, settings, outcome).next;
const conclude = (outcome: Eligibility) =>
  concludeChecks(newRequest(requester, MONDAY), outcome, later(1000), settings);
const contacted = () => act(logged(), { type: 'contact', noteId: 'n1' });

function refusalOf(work: () => unknown): DomainError {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the checks', () => {
  test('list every reason at once, each with what to do about it', () => {
    const outcome = judge({ ...facts, siteAdmin: false, accountOwner: false, connected: false, sharing: 'on' });
    expect(outcome).toMatchObject({
      reachable: true,
      failed: ['not_site_admin', 'not_account_owner', 'not_connected', 'already_available'],
    });
    for (const code of CHECKS) expect(remedyOf(code, 'organization')).toMatch(/^[A-Z].+\.$/);
    expect(failedChecks(['not_account_owner'], 'organization')[0]!.remedy).toContain(
      'owner of the connected organization',
    );
  });

  test('decide nothing while one of them could not be read', () => {
    for (const unknown of ['siteAdmin', 'accountOwner', 'connected'] as const) {
      expect(judge({ ...facts, siteAdmin: false, [unknown]: undefined })).toEqual({ reachable: false });
    }
  });

  test('take terms that nobody recorded for custom ones', () => {
    expect(judge({ ...facts, terms: null })).toMatchObject({ terms: 'custom' });
    expect(judge(facts)).toMatchObject({ terms: 'standard' });
  });

  test('refuse a request while sharing is still being turned off', () => {
    expect(judge({ ...facts, sharing: 'turning_off' })).toMatchObject({ failed: ['turning_off'] });
  });
});

describe('the early answer', () => {
  test('approves at once under standard terms, without a person', () => {
    expect(conclude(standard).next).toMatchObject({ status: 'approved', decidedByTerms: true, handler: null });
  });

  test('logs the request under custom terms; contact is due two business days after it was asked for', () => {
    const step = conclude(eligible);
    expect(step.next).toMatchObject({
      status: 'logged',
      contactDueAt: '2026-11-25T09:00:00.000Z',
      decidedByTerms: false,
    });
    expect(step.notices).toEqual([{ event: 'request.logged', to: 'support' }]);
  });

  test('names the failed checks', () => {
    const step = conclude({ ...standard, failed: ['not_site_admin'] });
    expect(step.next).toMatchObject({ status: 'ineligible', failedChecks: ['not_site_admin'] });
  });

  test('closes a request that could not be proved, so that another can be made', () => {
    const step = conclude({ reachable: false });
    expect(step).toMatchObject({ action: 'request.not_proved', next: { failedChecks: ['proof_unavailable'] } });
    expect(isClosed(step.next.status)).toBe(true);
  });
});

describe('support', () => {
  test('must have contacted the requester before it decides', () => {
    for (const type of ['approve', 'deny'] as const) {
      const refused = refusalOf(() => act(logged(), { type, noteId: 'n', decider }, later(HOUR), eligible));
      expect(refused.code).toBe('request_wrong_state');
      const decided = act(contacted(), { type, noteId: 'n', decider }, later(2 * HOUR), eligible);
      expect(decided).toMatchObject({ status: type === 'approve' ? 'approved' : 'denied', decidedAt: later(2 * HOUR) });
    }
  });

  test('cannot decide, contact or ask without a note', () => {
    const acts: RequestAct[] = [
      { type: 'contact', noteId: '' },
      { type: 'ask_information', noteId: '' },
      { type: 'approve', noteId: '', decider },
      { type: 'deny', noteId: '', decider },
    ];
    for (const what of acts) expect(refusalOf(() => act(contacted(), what)).code).toBe('note_required');
  });

  test('who made the request cannot decide it', () => {
    const own = { actor: 'staff:ada', githubUserId: requester.githubUserId };
    for (const type of ['approve', 'deny'] as const) {
      expect(refusalOf(() => act(contacted(), { type, noteId: 'n', decider: own })).code).toBe('own_request');
    }
  });

  test('cannot approve what is no longer eligible; the reasons are told and nothing changes', () => {
    const lost: Eligibility = { ...eligible, failed: ['not_account_owner'] };
    const refused = refusalOf(() => act(contacted(), { type: 'approve', noteId: 'n', decider }, later(HOUR), lost));
    expect(refused.code).toBe('not_eligible');
    expect(refused.facts['failedChecks']).toEqual(failedChecks(['not_account_owner'], 'enterprise'));
  });

  test('cannot approve while a role cannot be read', () => {
    const approve: RequestAct = { type: 'approve', noteId: 'n', decider };
    expect(refusalOf(() => act(contacted(), approve, later(HOUR), { reachable: false })).code).toBe(
      'proof_unavailable',
    );
  });

  test('approves by terms when a re-check finds that they became standard', () => {
    expect(stepAct(logged(), { type: 'recheck' }, later(HOUR), settings, eligible).action).toBeUndefined();
    const step = stepAct(logged(), { type: 'recheck' }, later(HOUR), settings, standard);
    expect(step).toMatchObject({
      action: 'request.approved_by_terms',
      next: { status: 'approved', decidedByTerms: true },
    });
  });

  test('claims a request, and claiming it again changes nothing', () => {
    const claimed = act(logged(), { type: 'assign', staff: 'staff:1' });
    expect(claimed.handler).toBe('staff:1');
    expect(stepAct(claimed, { type: 'assign', staff: 'staff:1' }, later(HOUR), settings).action).toBeUndefined();
    expect(act(claimed, { type: 'assign', staff: 'staff:2' }).handler).toBe('staff:2');
  });
});

describe('the requester', () => {
  test('gives information only when it was asked for', () => {
    expect(refusalOf(() => act(logged(), { type: 'give_information', noteId: 'n' })).code).toBe('request_wrong_state');
    const asked = act(logged(), { type: 'ask_information', noteId: 'n' });
    expect(act(asked, { type: 'give_information', noteId: 'n' })).toMatchObject({
      status: 'logged',
      informationAsked: false,
    });
  });

  test('nudges once in four hours, and is told when the next one is possible', () => {
    const nudged = act(logged(), { type: 'nudge' }, later(HOUR));
    const refused = refusalOf(() => act(nudged, { type: 'nudge' }, later(5 * HOUR - 1)));
    expect(refused).toMatchObject({ code: 'nudge_too_soon', retryAt: later(5 * HOUR) });
    expect(act(nudged, { type: 'nudge' }, later(5 * HOUR)).nudgedAt).toBe(later(5 * HOUR));
  });

  test('withdraws from either waiting state', () => {
    for (const request of [logged(), contacted()]) expect(act(request, { type: 'withdraw' }).status).toBe('withdrawn');
  });
});

describe('time', () => {
  test('reminds whoever handles the request, then escalates to the named address, each so often and no more', () => {
    let request = logged();
    const told: string[] = [];
    for (let alarm = alarms(request, settings)[0]!; ; alarm = alarms(request, settings)[0]!) {
      const step = sound(request, alarm);
      told.push(`${alarm.at.slice(5, 10)} ${step.notices.map(({ event, to }) => `${event} to ${to}`).join(', ')}`);
      request = step.next;
      if (isClosed(request.status)) break;
    }
    expect(told).toEqual([
      '11-25 request.contact_due to support',
      '11-26 request.contact_due to support',
      '11-27 request.contact_due to support',
      '11-28 request.contact_overdue to escalation',
      '11-29 request.contact_overdue to escalation',
      '12-23 request.expired to requester, request.expired to support',
    ]);
    const claimed = act(logged(), { type: 'assign', staff: 'staff:1' });
    expect(sound(claimed, alarms(claimed, settings)[0]!).notices[0]!.to).toBe('handler');
  });

  test('reminds nobody once the requester was contacted, or while the requester is to answer', () => {
    const asked = act(logged(), { type: 'ask_information', noteId: 'n' });
    for (const request of [contacted(), asked]) {
      expect(alarms(request, settings).map((alarm) => alarm.kind)).toEqual(['expire']);
    }
  });

  test('sends one message after a long standstill, not all that were missed', () => {
    const due = dueAlarm(logged(), settings, '2026-11-28T12:00:00.000Z')!;
    expect(due).toMatchObject({ kind: 'escalate', number: 1 });
    const next = sound(logged(), due).next;
    expect(alarms(next, settings).map(({ kind, number }) => `${kind} ${number}`)).toEqual(['escalate 2', 'expire 1']);
  });

  test('counts the 30 days from the last act', () => {
    const request = act(logged(), { type: 'nudge' }, later(10 * DAY));
    expect(alarms(request, settings).at(-1)).toMatchObject({ kind: 'expire', at: later(40 * DAY) });
  });

  test('refuses a decision after the end, even if the timer is late', () => {
    const late = addMs(contacted().expiresAt!, 0);
    const refused = refusalOf(() => act(contacted(), { type: 'approve', noteId: 'n', decider }, late, eligible));
    expect(refused.code).toBe('request_closed');
  });
});

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  checking: ['ineligible', 'approved', 'logged'],
  logged: ['logged', 'contacted', 'approved', 'withdrawn', 'expired'],
  contacted: ['contacted', 'approved', 'denied', 'withdrawn', 'expired'],
};

const outcomes = fc.constantFrom<Eligibility>(
  eligible,
  standard,
  { ...eligible, failed: ['not_connected'] },
  { reachable: false },
);
const acts = fc.constantFrom<RequestAct>(
  { type: 'assign', staff: 'staff:1' },
  { type: 'assign', staff: 'staff:2' },
  { type: 'contact', noteId: 'n' },
  { type: 'ask_information', noteId: 'n' },
  { type: 'give_information', noteId: 'n' },
  { type: 'approve', noteId: 'n', decider },
  { type: 'deny', noteId: 'n', decider },
  { type: 'withdraw' },
  { type: 'nudge' },
  { type: 'recheck' },
);
const moves = fc.array(fc.record({ act: acts, outcome: outcomes, waitMs: fc.integer({ min: 0, max: 12 * DAY }) }), {
  maxLength: 25,
});

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

describe('whatever people do and however long they wait', () => {
  test('a request moves only along its life cycle, is never approved by time, and what is closed stays as it is', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        let request = logged();
        let at = MONDAY;
        let told = 0;
        const take = (step: RequestStep, allowed: readonly string[] | undefined): AccessRequest => {
          const unchanged = step.action === undefined && step.next === request;
          expect(unchanged || allowed?.includes(step.next.status)).toBe(true);
          expect(JSON.parse(JSON.stringify(step.next))).toEqual(step.next);
          return step.next;
        };
        for (const move of sequence) {
          at = addMs(at, move.waitMs);
          for (let due = dueAlarm(request, settings, at); due; due = dueAlarm(request, settings, at)) {
            if (due.kind !== 'expire') told += 1;
            request = take(sound(request, due), [request.status, 'expired']);
          }
          const step = unlessRefused(() => stepAct(request, move.act, at, settings, move.outcome));
          // What is closed has no way on in the table, so an act that got through would be seen here.
          if (step) request = take(step, ALLOWED[request.status]);
        }
        expect(told).toBeLessThanOrEqual(settings.reminders + settings.escalations);
      }),
      { seed: 10, numRuns: 500 },
    );
  });
});
