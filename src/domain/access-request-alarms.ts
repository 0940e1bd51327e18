import { caretaker, isClosed } from './access-request.ts';
import type { AccessRequest, RequestSettings, RequestStep } from './access-request.ts';
import { addMs } from './dates.ts';

/** What a timer does, at an absolute instant (ISO). `number` counts from 1 within its kind. */
export interface Alarm {
  kind: 'remind' | 'escalate' | 'expire';
  number: number;
  at: string;
}

/**
 * All that is still to come if nobody does anything, in order: reminders from the due time on, then escalations, then
 * the end. While an answer of the requester is awaited nobody is reminded, since it is not support's turn.
 */
export function alarms(request: AccessRequest, settings: RequestSettings): Alarm[] {
  if (isClosed(request.status) || request.expiresAt === null) return [];
  const end: Alarm = { kind: 'expire', number: 1, at: request.expiresAt };
  const before = contactAlarms(request, settings).filter((alarm) => alarm.at < end.at);
  return [...before, end];
}

function contactAlarms(request: AccessRequest, settings: RequestSettings): Alarm[] {
  const due = request.contactDueAt;
  if (request.status !== 'logged' || request.informationAsked || due === null) return [];
  const lastReminder = addMs(due, Math.max(settings.reminders - 1, 0) * settings.remindEveryMs);
  const reminders = range(request.escalations > 0 ? settings.reminders : request.reminders, settings.reminders);
  const escalations = range(request.escalations, settings.escalations);
  return [
    ...reminders.map((n): Alarm => ({ kind: 'remind', number: n, at: addMs(due, (n - 1) * settings.remindEveryMs) })),
    ...escalations.map((n): Alarm => ({
      kind: 'escalate',
      number: n,
      at: addMs(lastReminder, n * settings.escalateAfterMs),
    })),
  ];
}

/** The numbers after `sent` up to `cap`. */
function range(sent: number, cap: number): number[] {
  return Array.from({ length: Math.max(cap - sent, 0) }, (_, index) => sent + index + 1);
}

/** What to do now: after a long standstill the latest alone, so that nobody gets a week's reminders at once. */
export function dueAlarm(request: AccessRequest, settings: RequestSettings, now: string): Alarm | undefined {
  return alarms(request, settings).findLast((alarm) => Date.parse(alarm.at) <= Date.parse(now));
}

export function sound(request: AccessRequest, alarm: Alarm): RequestStep {
  const to = caretaker(request);
  switch (alarm.kind) {
    case 'remind':
      return {
        next: { ...request, reminders: alarm.number },
        action: 'request.reminded',
        notices: [{ event: 'request.contact_due', to }],
      };
    case 'escalate':
      return {
        next: { ...request, escalations: alarm.number },
        action: 'request.escalated',
        notices: [{ event: 'request.contact_overdue', to: 'escalation' }],
      };
    case 'expire':
      return {
        next: { ...request, status: 'expired' },
        action: 'request.expired',
        notices: [
          { event: 'request.expired', to: 'requester' },
          { event: 'request.expired', to },
        ],
      };
  }
}
