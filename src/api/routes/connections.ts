import { z } from 'zod';
import { loadConnection } from '../../db/connections.ts';
import { DomainError } from '../../domain/errors.ts';
import { connectPerson } from '../connect-person.ts';
import { connection, viewConnection } from '../connection-view.ts';
import { route } from '../route.ts';
import { byId, id, secret, time } from '../schemas.ts';
import { asPerson, instanceFor } from '../source-instance.ts';
import { connectionsOfPerson, theirConnection } from '../their-connection.ts';
import { verifyToken, WHOAMI_FAILURES } from '../verify-token.ts';

const tag = 'connections';
export const BY_BROWSER = 'Nothing was done. People connect by authorizing both of their accounts, at /connect.';
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
    rate: 'costly',
    tag,
    summary:
      'Connect by a token, only where the operator’s setting CONNECT_BY_TOKEN lets tests do so: people connect at /connect, by authorizing both accounts',
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
      if (!deps.config.CONNECT_BY_TOKEN) throw new DomainError('forbidden', BY_BROWSER);
      const instance = await instanceFor(deps, person, 'connection.create', body.instanceId);
      await verifyToken(deps, instance, body.token, person.source);
      const made = await connectPerson(deps, person, { given: body, at, operationId });
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
