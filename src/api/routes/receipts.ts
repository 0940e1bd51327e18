import { z } from 'zod';
import { loadConnection } from '../../db/connections.ts';
import { openIntents } from '../../db/intents.ts';
import { receiptsOf } from '../../db/removals.ts';
import { shownStatus } from '../../domain/connection.ts';
import { DomainError } from '../../domain/errors.ts';
import { factsOf } from '../connection-view.ts';
import { publicRoute } from '../route.ts';
import { id, time } from '../schemas.ts';

const receipt = z.object({
  scope: z.enum(['connection', 'instance']),
  generation: z.int(),
  cause: z.string(),
  askedAt: time,
  verifiedAt: time,
  itemsDeleted: z.int().meta({ description: 'Days with a count; for the scope "instance", of the whole instance.' }),
  itemsLeft: z.literal(0),
  publicCopiesExpireAt: time,
});

export const receiptRoutes = [
  publicRoute({
    method: 'get',
    path: '/api/v1/receipts/:connectionId',
    operationId: 'listReceipts',
    tag: 'receipts',
    summary: 'What was deleted of a connection, and when that was verified; whoever has its id may look',
    action: null,
    params: z.object({ connectionId: id }),
    responses: {
      200: z
        .object({
          connectionId: id,
          deletionPending: z.boolean().meta({ description: 'A removal is accepted and not yet verified.' }),
          items: z.array(receipt),
        })
        .meta({ id: 'Receipts' }),
    },
    handler: async ({ deps, params }) => {
      const row = await loadConnection(deps.pool, params.connectionId);
      if (!row) throw new DomainError('not_found');
      const intents = await openIntents(deps.pool, row.id);
      // An erased link shows as ended while the counts of a forget are still being deleted.
      const pending = intents.length > 0 || shownStatus(row.state.status, factsOf(row, intents)) === 'removing';
      const items = await receiptsOf(deps.pool, row.id);
      return {
        status: 200,
        headers: { 'Cache-Control': 'no-store' },
        body: { connectionId: row.id, deletionPending: pending, items },
      };
    },
  }),
];
