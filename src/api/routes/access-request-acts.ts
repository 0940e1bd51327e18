import { z } from 'zod';
import { dropNote } from '../../db/act-notes.ts';
import { writeNote } from '../../db/notes.ts';
import { DomainError, type ErrorCode } from '../../domain/errors.ts';
import * as messages from '../../workflows/access-request.messages.ts';
import { accessRequest } from '../access-request-view.ts';
import { askRunning } from '../ask-workflow.ts';
import type { Action } from '../authorize.ts';
import type { Deps } from '../deps.ts';
import { derivedId } from '../derived-id.ts';
import type { Actor } from '../identity.ts';
import { isDoubtful, refusalOf } from '../refusal-of.ts';
import { route, type Route } from '../route.ts';
import { actor, byId, note } from '../schemas.ts';
import { instanceForAdmin } from '../source-instance.ts';
import { requestFor, viewRequest } from './access-requests.ts';

const PATH = '/api/v1/access-requests/:id';
const tag = 'access requests';
const noBody = z.strictObject({});
const noteBody = z.strictObject({ note });

type Extra<Body> = (by: { actor: Actor; body: Body; noteId: string }) => Record<string, unknown>;

interface ActRoute<B extends z.ZodObject> {
  name: string;
  operationId: string;
  summary: string;
  action: Extract<Action, 'request.answer' | 'request.handle'>;
  body: B;
  /** One of the request's updates; `extra` is what it carries beyond who and when. */
  update: { name: string };
  extra: Extra<z.output<B>>;
  errors?: readonly ErrorCode[];
}

/** One act on an open request: the note, if there is one, is written first and sent as an id. */
function actRoute<B extends z.ZodObject>(act: ActRoute<B>): Route {
  return route({
    method: 'post',
    path: `${PATH}/${act.name}`,
    operationId: act.operationId,
    tag,
    summary: act.summary,
    action: act.action,
    params: byId,
    body: act.body,
    responses: { 200: accessRequest, 202: accessRequest },
    errors: ['request_closed', 'request_wrong_state', ...(act.errors ?? [])],
    handler: async ({ deps, actor: by, params, body, at, operationId }) => {
      const row = await requestFor(deps, by, params.id);
      if (by.role === 'person') await instanceForAdmin(deps, by, act.action, row.instanceId, 'recent');
      const noteId = derivedId(operationId, 'note');
      const text = (body as { note?: string }).note;
      if (text !== undefined) await keepNote(deps, { id: noteId, requestId: row.id, author: by.id, text, at });
      const extra = act.extra({ actor: by, body: body as z.output<B>, noteId });
      const arg = { operationId, actor: by.id, asOf: at.toISOString(), ...extra };
      const asked = await send(deps, row.id, act.update.name, arg, text === undefined ? undefined : noteId);
      const status = asked.answered ? 200 : 202;
      return {
        status,
        location: asked.answered ? undefined : `/api/v1/access-requests/${row.id}`,
        body: await viewRequest(deps, row.id),
      };
    },
  });
}

async function keepNote(deps: Deps, kept: { id: string; requestId: string; author: string; text: string; at: Date }) {
  const { requestId: subjectId, at, ...rest } = kept;
  await writeNote(deps.pool, { ...rest, subjectKind: 'request', subjectId, at: at.toISOString() });
}

async function send(
  deps: Deps,
  requestId: string,
  update: string,
  arg: messages.RequestActBy,
  noteId: string | undefined,
) {
  const workflowId = messages.accessRequestWorkflowId(requestId);
  try {
    return await askRunning<messages.RequestAnswer>(deps.temporal, workflowId, update, arg);
  } catch (error) {
    const refusal = refusalOf(error);
    // A refusal leaves nothing behind; a doubtful end leaves the note for the same request when it comes again.
    if (noteId !== undefined && !isDoubtful(refusal.code)) await dropNote(deps.pool, noteId);
    // It was found a moment ago, so its workflow has ended.
    throw refusal.code === 'not_found' ? new DomainError('request_closed') : error;
  }
}

const staff = actor.regex(/^(token|staff):[0-9a-f-]{36}$/, 'is a pseudonym of staff, such as staff:<id>');
const noted = ({ noteId }: { noteId: string }) => ({ noteId });
const decided = ({ actor: by, noteId }: { actor: Actor; noteId: string }) => ({
  noteId,
  decider: { actor: by.id, githubUserId: demandKnown(by) },
});
const nothing = () => ({});

/** A request is somebody's own by who they are at GitHub.com. @throws DomainError account_unknown */
function demandKnown(by: Actor): number {
  const githubUserId = 'githubUserId' in by ? by.githubUserId : undefined;
  if (githubUserId === undefined) throw new DomainError('account_unknown');
  return githubUserId;
}

const adminSide = {
  action: 'request.answer',
  errors: ['not_site_admin', 'not_account_owner', 'proof_unavailable'],
} as const;

export const accessRequestActRoutes = [
  actRoute({
    ...adminSide,
    name: 'withdraw',
    operationId: 'withdrawAccessRequest',
    summary: 'Withdraw the request',
    body: noBody,
    update: messages.withdrawUpdate,
    extra: nothing,
  }),
  actRoute({
    ...adminSide,
    errors: [...adminSide.errors, 'nudge_too_soon'],
    name: 'nudge',
    operationId: 'nudgeSupport',
    summary: 'Remind support, once in 4 hours',
    body: noBody,
    update: messages.nudgeUpdate,
    extra: nothing,
  }),
  actRoute({
    ...adminSide,
    name: 'information',
    operationId: 'giveInformation',
    summary: 'Answer what support asked',
    body: noteBody,
    update: messages.giveInformationUpdate,
    extra: noted,
  }),
  actRoute({
    action: 'request.handle',
    name: 'claim',
    operationId: 'claimAccessRequest',
    summary: 'Take the request on',
    body: noBody,
    update: messages.assignUpdate,
    extra: ({ actor: by }) => ({ staff: by.id }),
  }),
  actRoute({
    action: 'request.handle',
    name: 'assign',
    operationId: 'assignAccessRequest',
    summary: 'Hand the request to somebody else of support',
    body: z.strictObject({ staff }),
    update: messages.assignUpdate,
    extra: ({ body }) => ({ staff: body.staff }),
  }),
  actRoute({
    action: 'request.handle',
    name: 'contacts',
    operationId: 'logContact',
    summary: 'Log that the requester was contacted',
    body: noteBody,
    update: messages.contactUpdate,
    extra: noted,
  }),
  actRoute({
    action: 'request.handle',
    name: 'information-requests',
    operationId: 'askForInformation',
    summary: 'Ask the requester something',
    body: noteBody,
    update: messages.askInformationUpdate,
    extra: noted,
  }),
  actRoute({
    action: 'request.handle',
    errors: ['own_request', 'account_unknown', 'not_eligible', 'proof_unavailable'],
    name: 'approve',
    operationId: 'approveAccessRequest',
    summary: 'Approve; every check is run again',
    body: noteBody,
    update: messages.approveUpdate,
    extra: decided,
  }),
  actRoute({
    action: 'request.handle',
    errors: ['own_request', 'account_unknown'],
    name: 'deny',
    operationId: 'denyAccessRequest',
    summary: 'Deny',
    body: noteBody,
    update: messages.denyUpdate,
    extra: decided,
  }),
  actRoute({
    action: 'request.handle',
    errors: ['not_eligible', 'proof_unavailable'],
    name: 'recheck',
    operationId: 'recheckAccessRequest',
    summary: 'Look at the terms and the checks again; approved where the terms have become standard',
    body: noBody,
    update: messages.recheckUpdate,
    extra: nothing,
  }),
];
