import { z } from 'zod';
import type { AccessRequestRow } from '../db/access-requests.ts';
import type { RequestNote } from '../db/act-notes.ts';
import { REQUEST_STATUSES } from '../domain/access-request.ts';
import { CHECKS, failedChecks, type AccountKind } from '../domain/eligibility.ts';
import { actor, id, time } from './schemas.ts';

export const requestStatus = z.enum(REQUEST_STATUSES);
const note = z.object({ action: z.string(), author: actor, text: z.string(), at: time });

export const accessRequest = z
  .object({
    id,
    instanceId: id,
    previousId: id.nullable().meta({ description: "The instance's request before this one." }),
    status: requestStatus,
    failedChecks: z.array(z.object({ code: z.enum(CHECKS), remedy: z.string() })),
    decidedByTerms: z.boolean(),
    instructionsUrl: z.string().nullable().meta({ description: 'How to enable, once it is approved.' }),
    informationAsked: z.boolean(),
    handler: actor.nullable(),
    contactDueAt: time.nullable(),
    expiresAt: time.nullable(),
    nudgedAt: time.nullable(),
    decidedAt: time.nullable(),
    createdAt: time,
    version: z.int(),
  })
  .meta({ id: 'AccessRequest' });
export const accessRequestWithNotes = accessRequest
  .extend({ notes: z.array(note) })
  .meta({ id: 'AccessRequestWithNotes' });

export function showRequest(row: AccessRequestRow, kind: AccountKind, instructionsUrl: string) {
  const { requester: _notShown, failedChecks: codes, ...rest } = row;
  return {
    ...rest,
    failedChecks: failedChecks(codes, kind),
    instructionsUrl: row.status === 'approved' ? instructionsUrl : null,
  };
}

const FOR_BOTH_SIDES: readonly string[] = ['request.information_asked', 'request.information_given'];

/** Support reads every note; the requester's side reads what was asked of it and what it answered. */
export function notesFor(role: string, notes: RequestNote[]): RequestNote[] {
  return role === 'support' ? notes : notes.filter((one) => FOR_BOTH_SIDES.includes(one.action));
}
