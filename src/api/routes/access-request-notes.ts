import { z } from 'zod';
import { notesOfRequest } from '../../db/act-notes.ts';
import { eraseNotes } from '../../db/notes.ts';
import { inTransaction } from '../../db/pool.ts';
import { accessRequestWithNotes } from '../access-request-view.ts';
import { route } from '../route.ts';
import { byId } from '../schemas.ts';
import { requestFor, viewRequest } from './access-requests.ts';

export const accessRequestNoteRoutes = [
  route({
    method: 'post',
    path: '/api/v1/access-requests/:id/erase-notes',
    operationId: 'eraseRequestNotes',
    tag: 'access requests',
    summary: 'Erase the texts of every note; that there were notes, by whom and when, stays on record',
    action: 'request.handle',
    params: byId,
    body: z.strictObject({}),
    responses: { 200: accessRequestWithNotes },
    handler: async ({ deps, actor, params, at, operationId }) => {
      const { id } = await requestFor(deps, actor, params.id);
      const by = { actor: actor.id, at: at.toISOString(), operationId };
      await inTransaction(deps.pool, (tx) => eraseNotes(tx, id, by));
      const notes = await notesOfRequest(deps.pool, id);
      return { status: 200, body: { ...(await viewRequest(deps, id)), notes } };
    },
  }),
];
