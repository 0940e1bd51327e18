import { createHash } from 'node:crypto';
import { z } from 'zod';
import { publicSources } from '../../db/profiles.ts';
import { addDaysTo } from '../../domain/dates.ts';
import { DomainError } from '../../domain/errors.ts';
import { SOURCE_LABELS } from '../../domain/source-label.ts';
import type { Deps } from '../deps.ts';
import { graphOf, graphRange } from '../profile-model.ts';
import { publicRoute, type Answer } from '../route.ts';
import { byId, count, day, dayCount, id, time } from '../schemas.ts';
import { contributionGraph } from '../views/contribution-graph.ts';

const FAILING_DAYS = 3;

const source = z.object({
  label: z.enum(Object.values(SOURCE_LABELS)),
  total: count,
  asOf: time.nullable().meta({ description: 'When its counts were last right, where reading has failed for 3 days.' }),
  days: z.array(dayCount),
});
const profile = z
  .object({
    id,
    from: day,
    to: day,
    total: count,
    days: z.array(dayCount.extend({ level: z.int().min(0).max(4) })),
    sources: z.array(source).meta({ description: 'A row for each source; their sum is in "days".' }),
  })
  .meta({ id: 'Profile' });

const unchanged = { description: 'It is as the `ETag` in `If-None-Match` says.', content: {} };
const tag = 'profiles';
const PATH = '/api/v1/profiles';

/** @throws DomainError not_found, alike for a private profile and for none */
async function load(deps: Deps, profileId: string, at: Date) {
  const failingSince = addDaysTo(at.toISOString(), -FAILING_DAYS);
  const sources = await publicSources(deps.pool, profileId, graphRange(at), failingSince);
  if (!sources) throw new DomainError('not_found');
  return { sources, graph: graphOf(sources, at, deps.config.DESTINATION_NAME) };
}

/** Public copies live no longer than the setting says: a receipt names the time when the last has expired. */
function cached(deps: Deps, answer: Answer, text: string): Answer {
  const seconds = Math.min(300, Math.floor(deps.config.PUBLIC_CACHE / 1000));
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return { ...answer, headers: { 'Cache-Control': `public, max-age=${seconds}`, ETag: etag } };
}

// Before `/:id`, which would take `<id>.svg` for an id.
export const profileRoutes = [
  publicRoute({
    method: 'get',
    path: `${PATH}/:id.svg`,
    operationId: 'getProfileGraph',
    tag,
    summary: 'The contribution graph of a public profile',
    action: null,
    params: byId,
    query: z.strictObject({ theme: z.enum(['light', 'dark']).default('light') }),
    responses: {
      200: { description: 'The graph, 53 weeks of 7 days.', content: { 'image/svg+xml': z.string() } },
      304: unchanged,
    },
    handler: async ({ deps, params, query, at }) => {
      const { graph } = await load(deps, params.id, at);
      const body = contributionGraph(graph, query.theme);
      const answer = cached(deps, { status: 200, contentType: 'image/svg+xml', body }, body);
      // People put it on pages of their own.
      return { ...answer, headers: { ...answer.headers, 'Cross-Origin-Resource-Policy': 'cross-origin' } };
    },
  }),
  publicRoute({
    method: 'get',
    path: `${PATH}/:id`,
    operationId: 'getProfile',
    tag,
    summary: 'The contribution counts of a public profile',
    action: null,
    params: byId,
    responses: { 200: profile, 304: unchanged },
    handler: async ({ deps, params, at }) => {
      const { sources, graph } = await load(deps, params.id, at);
      const body = {
        id: params.id,
        from: graph.from,
        to: graph.to,
        total: graph.total,
        days: [...graph.days].toSorted(([a], [b]) => a.localeCompare(b)).map(([date, shown]) => ({ date, ...shown })),
        sources: graph.sources.map((shown, row) => ({
          label: shown.label,
          total: shown.total,
          asOf: sources[row]!.asOf,
          days: sources[row]!.days.filter((one) => one.date >= graph.from),
        })),
      };
      return cached(deps, { status: 200, body }, JSON.stringify(body));
    },
  }),
];
