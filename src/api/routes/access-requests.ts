import { z } from 'zod';
import { findRequest, insertRequest, listQueue, type AccessRequestRow } from '../../db/access-requests.ts';
import { notesOfRequest } from '../../db/act-notes.ts';
import { loadInstance } from '../../db/instances.ts';
import { inTransaction } from '../../db/pool.ts';
import { DomainError } from '../../domain/errors.ts';
import { accessRequestStart } from '../../temporal/deliver.ts';
import { beginUpdate } from '../../workflows/access-request.messages.ts';
import { accessRequest, accessRequestWithNotes, notesFor, requestStatus, showRequest } from '../access-request-view.ts';
import { askWorkflow, type WithStart } from '../ask-workflow.ts';
import type { Deps } from '../deps.ts';
import { derivedId } from '../derived-id.ts';
import type { Actor, Person } from '../identity.ts';
import { refusalOf } from '../refusal-of.ts';
import { route } from '../route.ts';
import { byId, id, limit, next } from '../schemas.ts';
import { asPerson, instanceFor, instanceForAdmin } from '../source-instance.ts';

const tag = 'access requests';
const PATH = '/api/v1/access-requests';

/** @throws DomainError not_found */
export async function requestFor(deps: Deps, actor: Actor, requestId: string): Promise<AccessRequestRow> {
  const row = await findRequest(deps.pool, requestId);
  if (!row) throw new DomainError('not_found');
  if (actor.role !== 'person') return row;
  await instanceFor(deps, actor, 'request.read', row.instanceId);
  // The requester reads an answer about themselves; anybody else has to be an admin of the instance.
  if (!isRequester(actor, row)) await instanceForAdmin(deps, actor, 'request.read', row.instanceId, 'recent');
  return row;
}

function isRequester(person: Person, { requester }: AccessRequestRow): boolean {
  return requester.sourceUserId === person.source.userId && requester.githubUserId === person.githubUserId;
}

export async function viewRequest(deps: Deps, requestId: string) {
  const row = (await findRequest(deps.pool, requestId))!;
  const { account } = (await loadInstance(deps.pool, row.instanceId))!;
  return showRequest(row, account.kind, deps.config.INSTRUCTIONS_URL);
}

function startOf(deps: Deps, row: AccessRequestRow): WithStart {
  const { id: requestId, instanceId, requester, createdAt: askedAt } = row;
  const start = accessRequestStart(deps.config, { requestId, instanceId, requester, askedAt });
  return { ...start, type: 'accessRequest', workflowIdConflictPolicy: 'USE_EXISTING' };
}

export const accessRequestRoutes = [
  route({
    method: 'post',
    path: PATH,
    operationId: 'requestAccess',
    rate: 'request',
    tag,
    summary: 'Request access for an instance; answered at once with what the terms say',
    action: 'request.create',
    body: z.strictObject({ instanceId: id }),
    responses: { 201: accessRequest, 202: accessRequest },
    errors: ['not_found', 'request_open', 'fence_moved', 'proof_unavailable'],
    handler: async ({ deps, actor, body, at, operationId }) => {
      const person = asPerson(actor);
      await instanceFor(deps, person, 'request.create', body.instanceId);
      const { userId: sourceUserId, createdAt: sourceCreatedAt } = person.source;
      const row = await inTransaction(deps.pool, (tx) =>
        insertRequest(tx, {
          id: derivedId(operationId, 'access-request'),
          instanceId: body.instanceId,
          requester: { sourceUserId, sourceCreatedAt, githubUserId: person.githubUserId },
          actor: person.id,
          at: at.toISOString(),
          operationId,
        }),
      );
      const status = await begin(deps, row);
      return { status, location: `${PATH}/${row.id}`, body: await viewRequest(deps, row.id) };
    },
  }),
  route({
    method: 'get',
    path: PATH,
    operationId: 'listAccessRequests',
    tag,
    summary: "Support's queue, by when the first contact is due",
    action: 'request.list',
    query: z.strictObject({
      status: requestStatus.optional(),
      limit,
      after: z
        .string()
        .regex(/^\d{1,6}$/, 'is not what an earlier page gave as "next"')
        .optional(),
    }),
    responses: { 200: z.object({ items: z.array(accessRequest), next }) },
    handler: async ({ deps, query }) => {
      const offset = Number(query.after ?? 0);
      const statuses = query.status ? [query.status] : (['logged', 'contacted'] as const);
      const rows = await listQueue(deps.pool, { statuses, limit: query.limit + 1, offset });
      const items = await Promise.all(rows.slice(0, query.limit).map((row) => viewRequest(deps, row.id)));
      const more = rows.length > query.limit;
      return { status: 200, body: { items, ...(more && { next: String(offset + query.limit) }) } };
    },
  }),
  route({
    method: 'get',
    path: `${PATH}/:id`,
    operationId: 'getAccessRequest',
    rate: 'costly',
    tag,
    summary: 'One access request',
    action: 'request.read',
    params: byId,
    responses: { 200: accessRequestWithNotes },
    errors: ['not_site_admin', 'not_account_owner', 'proof_unavailable'],
    handler: async ({ deps, actor, params }) => {
      const row = await requestFor(deps, actor, params.id);
      const notes = notesFor(actor.role, await notesOfRequest(deps.pool, row.id));
      return { status: 200, body: { ...(await viewRequest(deps, row.id)), notes } };
    },
  }),
];

/** The row is there: where Temporal cannot be asked now, a sweeper starts the request and the answer is 202. */
async function begin(deps: Deps, row: AccessRequestRow): Promise<201 | 202> {
  // Sent again after it was answered so: that request is closed, and its key stands for it.
  if (row.failedChecks.includes('proof_unavailable')) throw new DomainError('proof_unavailable');
  if (row.status !== 'checking') return 201;
  try {
    const start = startOf(deps, row);
    const asked = await askWorkflow({
      temporal: deps.temporal,
      start,
      update: beginUpdate,
      args: [],
      updateId: 'begin',
    });
    return asked.answered ? 201 : 202;
  } catch (error) {
    if (refusalOf(error).code === 'service_unavailable') return 202;
    throw error;
  }
}
