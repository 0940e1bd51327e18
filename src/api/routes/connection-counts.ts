import { z } from 'zod';
import type { ConnectionRow } from '../../db/connections.ts';
import { loadInstance } from '../../db/instances.ts';
import { ledger } from '../../db/ledger.ts';
import { readConnectionForSource } from '../../db/sync-pages.ts';
import { DomainError } from '../../domain/errors.ts';
import { SOURCE_LABELS } from '../../domain/source-label.ts';
import { windowAt, type DayCount } from '../../domain/window.ts';
import { CONSENT_VERSION, consentText } from '../consent.ts';
import type { Deps } from '../deps.ts';
import { failureError } from '../failure-words.ts';
import { route } from '../route.ts';
import { byId, count, day, dayCount } from '../schemas.ts';
import { theirConnection } from '../their-connection.ts';
import { WHOAMI_FAILURES } from '../verify-token.ts';

const tag = 'connections';
const PATH = '/api/v1/connections/:id';
const EVER = { from: '0100-01-01', to: '9999-12-31' };

const source = z.enum(Object.values(SOURCE_LABELS));
const counts = { source, total: count, days: z.array(dayCount) };
const preview = z
  .object({
    ...counts,
    from: day,
    to: day,
    consent: z.object({ version: z.string(), text: z.string() }),
  })
  .meta({
    id: 'Preview',
    description: 'Exactly what would be sent: days without contributions are sent as their absence.',
  });

export const connectionCountRoutes = [
  route({
    method: 'get',
    path: `${PATH}/preview`,
    operationId: 'previewCounts',
    rate: 'costly',
    tag,
    summary: 'Look first: what would be sent, read from the instance now; nothing is sent',
    action: 'connection.use',
    params: byId,
    responses: { 200: preview },
    errors: ['sharing_off', 'sharing_paused', 'turning_off', ...WHOAMI_FAILURES],
    handler: async ({ deps, actor, params, at }) => {
      const row = await theirConnection(deps, actor, params.id);
      const { label, days, window } = await look(deps, row, at);
      const consent = { version: CONSENT_VERSION, text: consentText(deps.config.DESTINATION_NAME) };
      return {
        status: 200,
        body: { source: label, total: totalOf(days), days, from: window.from, to: window.to, consent },
      };
    },
  }),
  route({
    method: 'get',
    path: `${PATH}/sent`,
    operationId: 'listSentCounts',
    tag,
    summary: 'Every count that is kept of this connection',
    action: 'connection.use',
    params: byId,
    responses: { 200: z.object(counts) },
    handler: async ({ deps, actor, params }) => {
      const { label, days } = await kept(deps, await theirConnection(deps, actor, params.id));
      return { status: 200, body: { source: label, total: totalOf(days), days } };
    },
  }),
  route({
    method: 'get',
    path: `${PATH}/export`,
    operationId: 'exportCounts',
    rate: 'costly',
    tag,
    summary: 'The same as a file, JSON or CSV; what is older than 90 days cannot be had again after an opt-out',
    action: 'connection.use',
    params: byId,
    query: z.strictObject({ format: z.enum(['json', 'csv']).default('json') }),
    responses: {
      200: {
        description: 'JSON or CSV, by `format`.',
        content: { 'application/json': z.object({ source, days: counts.days }), 'text/csv': z.string() },
      },
    },
    handler: async ({ deps, actor, params, query }) => {
      const { label, days } = await kept(deps, await theirConnection(deps, actor, params.id));
      const headers = { 'Content-Disposition': `attachment; filename="contribution-counts.${query.format}"` };
      if (query.format === 'json') {
        return { status: 200, headers, contentType: 'application/json', body: JSON.stringify({ source: label, days }) };
      }
      const lines = days.map(({ date, count: n }) => `${date},${n},${label}`);
      return {
        status: 200,
        headers,
        contentType: 'text/csv; charset=utf-8',
        body: ['date,count,source', ...lines, ''].join('\r\n'),
      };
    },
  }),
];

/** Reads the instance with the stored token. @throws DomainError while the gate is closed: nothing may be sent then */
async function look(deps: Deps, row: ConnectionRow, at: Date) {
  const instance = await loadInstance(deps.pool, row.instanceId);
  const stored = await readConnectionForSource(deps.pool, row.id);
  if (!instance || !stored) throw new DomainError('not_found');
  const { status } = instance.sharing;
  if (status === 'turning_off') throw new DomainError('turning_off');
  if (status === 'paused') throw new DomainError('sharing_paused');
  if (status !== 'on') throw new DomainError('sharing_off');
  const window = windowAt(at.toISOString());
  const answer = await deps.readCounts(instance, stored, window);
  if (!answer.ok) throw failureError(answer.failure, at, answer.retryAfterMs);
  const days = window.labels.map((date, offset) => ({ date, count: answer.counts[offset]! }));
  return { label: SOURCE_LABELS[instance.kind], days: days.filter((one) => one.count > 0), window };
}

async function kept(deps: Deps, row: ConnectionRow): Promise<{ label: string; days: DayCount[] }> {
  const instance = await loadInstance(deps.pool, row.instanceId);
  const days = await ledger.read(deps.pool, [row.id], EVER.from, EVER.to);
  return { label: SOURCE_LABELS[instance!.kind], days: days.map(({ date, count: n }) => ({ date, count: n })) };
}

function totalOf(days: readonly DayCount[]): number {
  return days.reduce((total, one) => total + one.count, 0);
}
