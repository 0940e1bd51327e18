import { z } from 'zod';
import { listAudit } from '../../db/audit-list.ts';
import { route } from '../route.ts';
import { actor, id, limit, next, time, visible } from '../schemas.ts';

const record = z
  .object({
    id: z.int(),
    subjectKind: z.string(),
    subjectId: id,
    version: z.int(),
    action: z.string(),
    actor,
    at: time,
    operationId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).meta({ description: 'Ids, states, times and totals only.' }),
  })
  .meta({ id: 'AuditRecord' });

export const auditRoutes = [
  route({
    method: 'get',
    path: '/api/v1/audit',
    operationId: 'listAudit',
    tag: 'audit',
    summary: 'Who did what, newest first',
    action: 'audit.read',
    query: z.strictObject({
      subject: id.optional(),
      instance: id.optional(),
      actor: visible.max(200).optional(),
      from: time.optional(),
      to: time.optional(),
      limit,
      after: z
        .string()
        .regex(/^\d{1,15}$/, 'is not what an earlier page gave as "next"')
        .optional(),
    }),
    responses: { 200: z.object({ items: z.array(record), next }) },
    handler: async ({ deps, query }) => {
      const { after, limit: size, ...filter } = query;
      const rows = await listAudit(deps.pool, {
        ...filter,
        before: after === undefined ? undefined : Number(after),
        limit: size + 1,
      });
      const items = rows.slice(0, size);
      return { status: 200, body: { items, ...(rows.length > size && { next: String(items.at(-1)!.id) }) } };
    },
  }),
];
