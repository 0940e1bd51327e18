import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { recordedVersion } from '../../db/audit.ts';
import { insertConnection, loadConnection, type NewConnection } from '../../db/connections.ts';
import { lockInstanceShared } from '../../db/locks.ts';
import { ensureProfile } from '../../db/profiles.ts';
import { inTransaction } from '../../db/pool.ts';
import { DomainError } from '../../domain/errors.ts';
import { connectionStart } from '../../temporal/deliver.ts';
import { connection, viewConnection } from '../connection-view.ts';
import { within } from '../deliver.ts';
import type { Deps } from '../deps.ts';
import type { Person } from '../identity.ts';
import { route } from '../route.ts';
import { byId, id, secret, time } from '../schemas.ts';
import { asPerson, instanceFor } from '../source-instance.ts';
import { connectionsOfPerson, developerOf, theirConnection } from '../their-connection.ts';
import { sealedToken, verifyToken, WHOAMI_FAILURES } from '../verify-token.ts';

const tag = 'connections';
const PATH = '/api/v1/connections';

export const tokenFields = {
  token: secret,
  refreshToken: secret.optional(),
  expiresAt: time.optional().meta({ description: 'When the token expires, where it does.' }),
};

export const connectionRoutes = [
  route({
    method: 'post',
    path: PATH,
    operationId: 'connect',
    tag,
    summary: 'Connect an account of an instance; nothing is sent before the developer says so',
    action: 'connection.create',
    body: z.strictObject({ instanceId: id, ...tokenFields }),
    responses: { 201: connection },
    errors: [
      'not_found',
      'already_connected',
      'profile_taken',
      'sharing_off',
      'sharing_paused',
      'turning_off',
      ...WHOAMI_FAILURES,
    ],
    handler: async ({ deps, actor, body, at, operationId }) => {
      const person = asPerson(actor);
      const instance = await instanceFor(deps, person, 'connection.create', body.instanceId);
      await verifyToken(deps, instance, body.token, person.source);
      const connectionId = randomUUID();
      const made = await insertOnce(deps, person, {
        id: connectionId,
        instanceId: instance.id,
        sourceUserId: person.source.userId,
        sourceCreatedAt: person.source.createdAt,
        token: sealedToken(deps, connectionId, body),
        actor: developerOf(connectionId),
        operationId,
        asOf: at.toISOString(),
      });
      start(deps, made);
      const view = await viewConnection(deps, (await loadConnection(deps.pool, made))!);
      return { status: 201, location: `${PATH}/${made}`, body: view };
    },
  }),
  route({
    method: 'get',
    path: PATH,
    operationId: 'listConnections',
    tag,
    summary: "The developer's own connections",
    action: 'connection.use',
    responses: { 200: z.object({ items: z.array(connection) }) },
    handler: async ({ deps, actor }) => {
      const rows = await connectionsOfPerson(deps, asPerson(actor));
      return { status: 200, body: { items: await Promise.all(rows.map((row) => viewConnection(deps, row))) } };
    },
  }),
  route({
    method: 'get',
    path: `${PATH}/:id`,
    operationId: 'getConnection',
    tag,
    summary: 'One connection: its state, what stands against sending, the last sync, and what is still being deleted',
    action: 'connection.use',
    params: byId,
    responses: { 200: connection },
    handler: async ({ deps, actor, params }) => ({
      status: 200,
      body: await viewConnection(deps, await theirConnection(deps, actor, params.id)),
    }),
  }),
];

/** @returns the connection's id; the same one when the same operation made it before and its answer was lost */
async function insertOnce(deps: Deps, person: Person, wanted: Omit<NewConnection, 'profileId'>): Promise<string> {
  try {
    await inTransaction(deps.pool, async (tx) => {
      await lockInstanceShared(tx, wanted.instanceId);
      const profile = await ensureProfile(tx, person.githubUserId);
      await insertConnection(tx, { ...wanted, profileId: profile.id });
    });
    return wanted.id;
  } catch (error) {
    const there = error instanceof DomainError && error.code === 'already_connected' && error.facts['connectionId'];
    if (typeof there !== 'string') throw error;
    if ((await recordedVersion(deps.pool, there, wanted.operationId)) === undefined) throw error;
    return there;
  }
}

/** The row is there; a workflow that cannot be started now is started by the worker's sweeper. */
function start({ temporal, config, logger }: Deps, connectionId: string): void {
  const options = connectionStart(connectionId, config.TASK_QUEUE_PEOPLE);
  within(temporal, () =>
    temporal.workflow.start('connection', { ...options, workflowIdConflictPolicy: 'USE_EXISTING' }),
  ).catch((error: Error) => logger.warn({ error: error.name }, 'a new connection waits for the sweeper'));
}
