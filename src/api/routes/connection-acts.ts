import { z } from 'zod';
import { recordedVersion } from '../../db/audit.ts';
import { loadConnection, type ConnectionRow } from '../../db/connections.ts';
import { loadInstance } from '../../db/instances.ts';
import { DomainError } from '../../domain/errors.ts';
import { wakeConnection } from '../../temporal/deliver.ts';
import { reconnectUpdate, sendUpdate, updateNowUpdate, type Act } from '../../workflows/connection.messages.ts';
import { askConnection } from '../ask-connection.ts';
import { connection, viewConnection } from '../connection-view.ts';
import { consentVersion, requireCurrentConsent } from '../consent.ts';
import { within } from '../deliver.ts';
import type { Deps } from '../deps.ts';
import { failureError } from '../failure-words.ts';
import type { Actor } from '../identity.ts';
import { fieldProblem } from '../problem.ts';
import { removeConnection } from '../remove-connection.ts';
import { replaceToken } from '../replace-token.ts';
import { route, type Answer, type Call } from '../route.ts';
import { byId, id } from '../schemas.ts';
import { asPerson } from '../source-instance.ts';
import { developerOf, theirConnection } from '../their-connection.ts';
import { verifyToken, WHOAMI_FAILURES, type GivenToken } from '../verify-token.ts';
import { BY_BROWSER, tokenFields } from './connections.ts';

const tag = 'connections';
const PATH = '/api/v1/connections/:id';
const nothing = z.strictObject({});
const GATE = ['sharing_off', 'sharing_paused', 'turning_off'] as const;

type ActCall = Pick<Call<{ id: string }, unknown, unknown, Actor>, 'deps' | 'actor' | 'params' | 'at' | 'operationId'>;

function actOf({ params, at, operationId }: ActCall): Act {
  return { operationId, actor: developerOf(params.id), asOf: at.toISOString() };
}

async function shown(deps: Deps, connectionId: string, status: 200 | 202): Promise<Answer> {
  const body = await viewConnection(deps, (await loadConnection(deps.pool, connectionId))!);
  return status === 200 ? { status, body } : { status, location: `/api/v1/connections/${connectionId}`, body };
}

export const connectionActRoutes = [
  route({
    method: 'post',
    path: `${PATH}/send`,
    operationId: 'startSending',
    tag,
    summary: '"Send my contribution counts", agreeing to the current consent text',
    action: 'connection.use',
    params: byId,
    body: z.strictObject({ consentVersion }),
    responses: { 200: connection, 202: connection },
    errors: ['consent_required', 'wrong_state', 'removing', ...GATE],
    handler: async (call) => {
      const { deps, params, body } = call;
      await theirConnection(deps, call.actor, params.id);
      requireCurrentConsent(body.consentVersion);
      const asked = await askConnection(deps, params.id, sendUpdate, {
        ...actOf(call),
        consentVersion: body.consentVersion,
      });
      return shown(deps, params.id, asked.answered ? 200 : 202);
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/update`,
    operationId: 'updateNow',
    rate: 'costly',
    tag,
    summary: 'Read the source and set the counts now, once in 5 minutes',
    action: 'connection.use',
    params: byId,
    body: nothing,
    responses: { 200: connection, 202: connection },
    errors: ['update_too_soon', 'wrong_state', 'removing', ...GATE, ...WHOAMI_FAILURES],
    handler: async (call) => {
      const { deps, params } = call;
      await theirConnection(deps, call.actor, params.id);
      const asked = await askConnection(deps, params.id, updateNowUpdate, {
        ...actOf(call),
        everyMs: deps.config.UPDATE_NOW_EVERY,
      });
      if (!asked.answered) return shown(deps, params.id, 202);
      if (asked.value.outcome === 'failed') throw failureError(asked.value.failure, deps.clock());
      return shown(deps, params.id, 200);
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/opt-out`,
    operationId: 'optOut',
    rate: 'removal',
    tag,
    summary: 'Stop sending and delete every count; from this answer on nothing is written',
    action: 'connection.use',
    params: byId,
    body: nothing,
    responses: { 202: connection },
    handler: async (call) => {
      await theirConnection(call.deps, call.actor, call.params.id);
      await remove(call, 'opt_out');
      return shown(call.deps, call.params.id, 202);
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/reconnect`,
    operationId: 'reconnect',
    rate: 'costly',
    tag,
    summary:
      'Come back within 90 days, renewing the consent; with a token, also where the stored one is of no use any more',
    action: 'connection.use',
    params: byId,
    body: z
      .strictObject({
        ...tokenFields,
        token: tokenFields.token.optional(),
        consentVersion: consentVersion
          .optional()
          .meta({ description: 'Needed where the text has changed since the tick.' }),
      })
      .meta({ dependentRequired: { refreshToken: ['token'], expiresAt: ['token'] } }),
    responses: { 200: connection, 202: connection },
    errors: [
      'consent_required',
      'wrong_state',
      'removing',
      'window_lapsed',
      'cause_remains',
      ...GATE,
      ...WHOAMI_FAILURES,
    ],
    handler: async (call) => {
      const { deps, params, body } = call;
      const row = await theirConnection(deps, call.actor, params.id);
      const { token, consentVersion: agreed = row.state.consentVersion, ...rest } = body;
      if (agreed !== null) requireCurrentConsent(agreed);
      if (token === undefined && (rest.refreshToken ?? rest.expiresAt) !== undefined) {
        throw fieldProblem('body', 'token', 'is missing beside what belongs to it');
      }
      if (token !== undefined && (await replaceOwnToken(call, row, { ...rest, token })) === 'live') {
        await within(deps.temporal, () => wakeConnection(deps.temporal, row.id, deps.config.TASK_QUEUE_PEOPLE));
        return shown(deps, params.id, 200);
      }
      const asked = await askConnection(deps, params.id, reconnectUpdate, {
        ...actOf(call),
        ...(agreed !== null && { consentVersion: agreed }),
      });
      return shown(deps, params.id, asked.answered ? 200 : 202);
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/forget`,
    operationId: 'forget',
    rate: 'removal',
    tag,
    summary: 'Disconnect and forget: delete every count and erase all that ties the connection to the developer',
    action: 'connection.use',
    params: byId,
    body: nothing,
    responses: {
      202: z.object({ id, receipts: z.string().meta({ description: 'Says when the deletion is verified.' }) }),
    },
    handler: async (call) => {
      const { deps, params, operationId } = call;
      // Once it is accepted nothing ties the connection to anybody: the same act, sent again, is known by its record.
      if ((await recordedVersion(deps.pool, params.id, operationId)) === undefined) {
        await theirConnection(deps, call.actor, params.id);
        await remove(call, 'forget');
      }
      const receipts = `/api/v1/receipts/${params.id}`;
      return { status: 202, location: receipts, body: { id: params.id, receipts } };
    },
  }),
];

function remove({ deps, params, actor, at, operationId }: ActCall, kind: 'opt_out' | 'forget'): Promise<void> {
  return removeConnection(deps, { connectionId: params.id, kind, operationId, at, by: asPerson(actor) });
}

/** By a token that the caller brings, only where the operator lets tests do so. */
async function replaceOwnToken(call: ActCall, row: ConnectionRow, given: GivenToken): Promise<'live' | 'removed'> {
  const { deps, actor } = call;
  if (!deps.config.CONNECT_BY_TOKEN) throw new DomainError('forbidden', BY_BROWSER);
  const instance = (await loadInstance(deps.pool, row.instanceId))!;
  await verifyToken(deps, instance, given.token, asPerson(actor).source);
  return replaceToken(deps, row, given);
}
