import { z } from 'zod';
import { endSession, sessionsOf } from '../../db/sessions.ts';
import { DomainError } from '../../domain/errors.ts';
import { route } from '../route.ts';
import { byId, id, time } from '../schemas.ts';

const tag = 'me';
const PATH = '/api/v1/me/sessions';

const session = z
  .object({
    id,
    createdAt: time,
    seenAt: time.meta({ description: 'To the minute.' }),
    expiresAt: time,
    isThis: z.boolean().meta({ description: 'The one that asks.' }),
  })
  .meta({ id: 'Session' });

export const sessionRoutes = [
  route({
    method: 'get',
    path: PATH,
    operationId: 'listSessions',
    tag,
    summary: 'Where the caller is signed in by browser; nothing for an API token',
    action: 'session.own',
    responses: { 200: z.object({ items: z.array(session) }) },
    handler: async ({ deps, actor, at }) => {
      const identityId = actor.session?.identityId;
      const rows = identityId ? await sessionsOf(deps.pool, identityId, at, deps.config.SESSION_IDLE) : [];
      const items = rows.map((row) => ({
        id: row.id,
        createdAt: row.createdAt.toISOString(),
        seenAt: row.seenAt.toISOString(),
        expiresAt: row.expiresAt.toISOString(),
        isThis: row.id === actor.session?.id,
      }));
      return { status: 200, body: { items } };
    },
  }),
  route({
    method: 'post',
    path: `${PATH}/:id/end`,
    operationId: 'endSession',
    rate: 'removal',
    tag,
    summary: 'End one of them; from this answer on its cookie opens nothing',
    action: 'session.own',
    params: byId,
    body: z.strictObject({}),
    responses: { 204: { description: 'It has ended.', content: {} } },
    handler: async ({ deps, actor, params }) => {
      const identityId = actor.session?.identityId;
      if (!identityId || !(await endSession(deps.pool, params.id, identityId))) throw new DomainError('not_found');
      return { status: 204 };
    },
  }),
];
