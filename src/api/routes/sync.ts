import { z } from 'zod';
import { recordAudit, recordedVersion } from '../../db/audit.ts';
import { loadConnection } from '../../db/connections.ts';
import { listRuns } from '../../db/sync-runs.ts';
import { DomainError } from '../../domain/errors.ts';
import { updateNowUpdate } from '../../workflows/connection.messages.ts';
import { fieldProblem } from '../problem.ts';
import { derivedId } from '../derived-id.ts';
import type { Deps } from '../deps.ts';
import { failureError } from '../failure-words.ts';
import { route, type Call } from '../route.ts';
import { instanceRunId, pauseRuns, resumeRuns, runInstance, scheduleState, triggerRun } from '../schedule.ts';
import { id, limit, next, note, time } from '../schemas.ts';
import type { Actor } from '../identity.ts';
import { instanceFor } from '../source-instance.ts';
import { askConnection } from '../ask-connection.ts';
import { WHOAMI_FAILURES } from '../verify-token.ts';

const state = z
  .object({
    paused: z.boolean(),
    note: z.string().nullable(),
    running: z.boolean(),
    lastRunAt: time.nullable(),
    nextRunsAt: z.array(time),
  })
  .meta({ id: 'Schedule' });
const total = z.int().min(0);
const run = z
  .object({
    id,
    scheduledAt: time,
    startedAt: time,
    finishedAt: time.nullable(),
    trigger: z.string(),
    instances: z.array(
      z.object({
        instanceId: id,
        outcome: z.enum(['finished', 'partial', 'skipped', 'breaker_open', 'gate_closed']).nullable(),
        connections: total,
        changed: total,
        failed: total,
        failures: z.record(z.string(), total),
        startedAt: time,
        finishedAt: time.nullable(),
      }),
    ),
  })
  .meta({ id: 'SyncRun' });

const tag = 'sync';
const PATH = '/api/v1/sync';
const nothing = z.strictObject({});
type SyncCall = Pick<Call<unknown, unknown, unknown, Actor>, 'deps' | 'actor' | 'at' | 'operationId'>;

/** Recorded when Temporal has taken it; what is recorded already, under the same operation, is not done again. */
async function once(call: SyncCall, action: string, subjectId: string, act: () => Promise<unknown>): Promise<void> {
  const { deps, actor, at, operationId } = call;
  if ((await recordedVersion(deps.pool, subjectId, operationId)) !== undefined) return;
  await act();
  await recordAudit(deps.pool, {
    subjectKind: 'sync',
    subjectId,
    action,
    actor: actor.id,
    at: at.toISOString(),
    operationId,
  });
}

/** The Schedule has a name and no UUID; audit records want one. */
function scheduleSubject({ config }: Deps): string {
  return derivedId(config.SYNC_SCHEDULE_ID, 'schedule');
}

export const syncRoutes = [
  route({
    method: 'get',
    path: PATH,
    operationId: 'getSchedule',
    tag,
    summary: 'Whether the hourly run is paused, running, and when it comes next',
    action: 'sync.operate',
    responses: { 200: state },
    handler: async ({ deps }) => ({ status: 200, body: await scheduleState(deps) }),
  }),
  route({
    method: 'get',
    path: `${PATH}/runs`,
    operationId: 'listRuns',
    tag,
    summary: 'The runs, newest first, with what each did at each instance',
    action: 'sync.operate',
    query: z.strictObject({ limit, after: time.optional() }),
    responses: { 200: z.object({ items: z.array(run), next }) },
    handler: async ({ deps, query }) => {
      const rows = await listRuns(deps.pool, query.limit + 1, query.after);
      const items = rows.slice(0, query.limit);
      return { status: 200, body: { items, ...(rows.length > query.limit && { next: items.at(-1)!.startedAt }) } };
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/trigger`,
    operationId: 'triggerRun',
    tag,
    summary: 'Start a run now, of one instance or of all',
    action: 'sync.operate',
    body: z.strictObject({ instanceId: id.optional() }),
    responses: { 202: state },
    errors: ['not_found', 'sync_running'],
    handler: async (call) => {
      await trigger(call, call.body.instanceId);
      return { status: 202, location: `${PATH}/runs`, body: await scheduleState(call.deps) };
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/pause`,
    operationId: 'pauseRuns',
    tag,
    summary: 'Start no run until it is resumed; the note says why',
    action: 'sync.operate',
    body: z.strictObject({ note: note.max(500) }),
    responses: { 200: state },
    handler: async (call) => {
      const { deps, body } = call;
      await once(call, 'sync.paused', scheduleSubject(deps), () => pauseRuns(deps, body.note));
      return { status: 200, body: await scheduleState(call.deps) };
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/resume`,
    operationId: 'resumeRuns',
    tag,
    summary: 'Start runs again',
    action: 'sync.operate',
    body: nothing,
    responses: { 200: state },
    handler: async (call) => {
      const { deps, actor } = call;
      await once(call, 'sync.resumed', scheduleSubject(deps), () => resumeRuns(deps, `resumed by ${actor.id}`));
      return { status: 200, body: await scheduleState(call.deps) };
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/backfill`,
    operationId: 'backfill',
    tag,
    summary: 'Read the window of an instance or of one connection again; days before it are never filled',
    action: 'sync.operate',
    body: z
      .strictObject({ instanceId: id.optional(), connectionId: id.optional() })
      .meta({ oneOf: [{ required: ['instanceId'] }, { required: ['connectionId'] }] }),
    responses: { 202: z.object({ started: z.string().meta({ description: 'The workflow to look at.' }) }) },
    errors: ['not_found', 'sync_running', 'wrong_state', 'removing', ...WHOAMI_FAILURES],
    handler: async (call) => {
      const { deps, actor, operationId, body } = call;
      const { instanceId, connectionId } = body;
      if ((instanceId === undefined) === (connectionId === undefined)) {
        throw fieldProblem('body', 'instanceId', 'or "connectionId" is needed, one of them');
      }
      if (connectionId !== undefined) return backfillConnection(call, connectionId);
      await instanceFor(deps, actor, 'sync.operate', instanceId!);
      await once(call, 'sync.backfilled', instanceId!, () =>
        runInstance(deps, instanceId!, `backfill by ${actor.id}`, operationId),
      );
      return { status: 202, location: `${PATH}/runs`, body: { started: instanceRunId(operationId) } };
    },
  }),
];

async function trigger(call: SyncCall, instanceId: string | undefined): Promise<void> {
  const { deps, actor, operationId } = call;
  if (instanceId === undefined) return once(call, 'sync.triggered', scheduleSubject(deps), () => triggerRun(deps));
  await instanceFor(deps, actor, 'sync.operate', instanceId);
  await once(call, 'sync.triggered', instanceId, () =>
    runInstance(deps, instanceId, `triggered by ${actor.id}`, operationId),
  );
}

async function backfillConnection(call: SyncCall, connectionId: string) {
  const { deps, actor, at, operationId } = call;
  const row = await loadConnection(deps.pool, connectionId);
  if (!row || row.erasedAt !== null) throw new DomainError('not_found');
  await once(call, 'sync.backfilled', connectionId, async () => {
    const act = { operationId, actor: actor.id, asOf: at.toISOString(), everyMs: 0 };
    const asked = await askConnection(deps, connectionId, updateNowUpdate, act);
    if (asked.answered && asked.value.outcome === 'failed') throw failureError(asked.value.failure, deps.clock());
  });
  return {
    status: 202,
    location: `/api/v1/doctor/connections/${connectionId}`,
    body: { started: `connection/${connectionId}` },
  };
}
