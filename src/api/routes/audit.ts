import { z } from 'zod';
import { exportAudit, listAudit } from '../../db/audit-list.ts';
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

const filters = {
  subject: id.optional(),
  instance: id.optional(),
  actor: visible.max(200).optional(),
  from: time.optional(),
  to: time.optional(),
};
const place = z.string().regex(/^\d{1,15}$/, 'is not what an earlier page gave as "next"');
const PAGE = 1000;

export const auditRoutes = [
  route({
    method: 'get',
    path: '/api/v1/audit',
    operationId: 'listAudit',
    tag: 'audit',
    summary: 'Who did what, newest first',
    action: 'audit.read',
    query: z.strictObject({ ...filters, limit, after: place.optional() }),
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
  route({
    method: 'get',
    path: '/api/v1/audit/export',
    operationId: 'exportAudit',
    tag: 'audit',
    summary: `Sealed records as JSON lines in the order of their seals, ${PAGE} at a time: go on after the "seq" of the last line`,
    action: 'audit.read',
    query: z.strictObject({ ...filters, after: place.default('0') }),
    responses: {
      200: {
        description: 'A record a line, with its place and its hash; fewer lines than a page holds are the last.',
        content: { 'application/x-ndjson': z.string() },
      },
    },
    handler: async ({ deps, query: { after, ...filter } }) => {
      const rows = await exportAudit(deps.pool, { ...filter, afterSeq: Number(after), limit: PAGE });
      const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      return { status: 200, contentType: 'application/x-ndjson; charset=utf-8', body };
    },
  }),
];
