import { z } from 'zod';
import { loadConnection } from '../../db/connections.ts';
import { doctorRows } from '../../db/doctor.ts';
import { DomainError } from '../../domain/errors.ts';
import { connectionWorkflowId } from '../../workflows/ids.ts';
import { connection, viewConnection } from '../connection-view.ts';
import { within } from '../deliver.ts';
import type { Deps } from '../deps.ts';
import { refusalOf } from '../refusal-of.ts';
import { route } from '../route.ts';
import { actor, byId, connectionStatus, time } from '../schemas.ts';

const workflow = z.object({
  id: z.string(),
  runId: z.string(),
  status: z.string(),
  startedAt: time,
  historyLength: z.int(),
});
const findings = z.object({
  connection: connection.omit({ consentVersion: true, consentedAt: true }),
  projected: connectionStatus.meta({ description: "The workflow's own status; what is shown puts fences before it." }),
  fences: z.object({
    generation: z.int(),
    sharingGeneration: z.int().nullable(),
    joinedGeneration: z.int(),
    readNumber: z.int(),
    openRead: z.int().nullable(),
    cohortGeneration: z.int().nullable(),
  }),
  linked: z.boolean().meta({ description: 'Whether anything still ties it to a person.' }),
  token: z
    .object({ keyId: z.string(), version: z.int(), expiresAt: time.nullable(), refreshes: z.boolean() })
    .nullable(),
  intents: z.array(
    z.object({
      kind: z.string(),
      generation: z.int(),
      askedAt: time,
      deliveredAt: time.nullable(),
      doneAt: time.nullable(),
    }),
  ),
  workflow: workflow.nullable().meta({ description: 'null: none is known to Temporal, or it cannot be asked.' }),
  temporalReached: z.boolean(),
  audit: z.array(z.object({ action: z.string(), actor, at: time, version: z.int() })),
});

export const doctorRoutes = [
  route({
    method: 'get',
    path: '/api/v1/doctor/connections/:id',
    operationId: 'examineConnection',
    tag: 'doctor',
    summary: 'All that an operator may see of a connection, from PostgreSQL and from Temporal; nothing personal',
    action: 'doctor.read',
    params: byId,
    responses: { 200: findings.meta({ id: 'Examination' }) },
    handler: async ({ deps, params }) => {
      const [row, rows] = await Promise.all([loadConnection(deps.pool, params.id), doctorRows(deps.pool, params.id)]);
      if (!row || !rows) throw new DomainError('not_found');
      const { consentVersion: _version, consentedAt: _at, ...shown } = await viewConnection(deps, row);
      const body = { connection: shown, projected: row.state.status, ...rows, ...(await describe(deps, row.id)) };
      return { status: 200, body };
    },
  }),
];

/** Where Temporal cannot be asked, what PostgreSQL says is shown all the same: that is when a doctor is called. */
async function describe(deps: Deps, connectionId: string) {
  try {
    return { workflow: await describeWorkflow(deps, connectionId), temporalReached: true };
  } catch (error) {
    if (refusalOf(error).code !== 'service_unavailable') throw error;
    return { workflow: null, temporalReached: false };
  }
}

async function describeWorkflow({ temporal }: Deps, connectionId: string) {
  try {
    const found = await within(temporal, () =>
      temporal.workflow.getHandle(connectionWorkflowId(connectionId)).describe(),
    );
    return {
      id: found.workflowId,
      runId: found.runId,
      status: found.status.name.toLowerCase(),
      startedAt: found.startTime.toISOString(),
      historyLength: found.historyLength,
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
    throw error;
  }
}
