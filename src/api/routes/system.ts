import { z } from 'zod';
import { unsealedSeconds } from '../../db/audit-seal.ts';
import { isMigrated } from '../../db/migrate.ts';
import { HELD_WORDS, heldEpoch } from '../../db/restore-epoch.ts';
import { DomainError, ERRORS, type ErrorCode } from '../../domain/errors.ts';
import { ACTIONS } from '../authorize.ts';
import type { Deps } from '../deps.ts';
import { ERROR_ADVICE } from '../error-advice.ts';
import type { Metrics } from '../metrics.ts';
import { openApiDocument } from '../openapi.ts';
import { publicRoute, type Route } from '../route.ts';
import { errorCode } from '../schemas.ts';
import { docsPage, type DocumentedRoute } from '../views/docs-page.ts';
import { enablingPage } from '../views/enabling-page.ts';
import { problemPage } from '../views/problem-page.ts';

const READY_WITHIN_MS = 2000;
const alive = z.object({ status: z.literal('ok') });
const html = { description: 'The page.', content: { 'text/html': z.string() } };

/** What is about the API itself. `api` are the routes of the product; the document and the docs show all of them. */
export function systemRoutes(api: readonly Route[], metrics: Pick<Metrics, 'render'>): Route[] {
  const tag = 'system';
  // Made once, at the first request for it: it takes tens of milliseconds.
  let document: ReturnType<typeof openApiDocument> | undefined;
  const own: Route[] = [
    publicRoute({
      method: 'get',
      path: '/healthz',
      operationId: 'getHealth',
      tag,
      summary: 'Whether this process answers',
      action: null,
      responses: { 200: alive },
      handler: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    publicRoute({
      method: 'get',
      path: '/readyz',
      operationId: 'getReadiness',
      tag,
      summary:
        'Whether PostgreSQL and Temporal can be reached, and the database is of this release and not held after a restore',
      action: null,
      responses: { 200: alive },
      handler: async ({ deps }) => ready(deps),
    }),
    publicRoute({
      method: 'get',
      path: '/metrics',
      operationId: 'getMetrics',
      tag,
      summary: 'Requests by route, status and code, and how long audit records wait for their seal, for Prometheus',
      action: null,
      responses: { 200: { description: 'Prometheus text.', content: { 'text/plain': z.string() } } },
      handler: async ({ deps }) => ({
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: metrics.render() + (await unsealedGauge(deps)),
      }),
    }),
    publicRoute({
      method: 'get',
      path: '/openapi.json',
      operationId: 'getOpenApi',
      tag,
      summary: 'This document',
      action: null,
      responses: { 200: z.looseObject({ openapi: z.string() }) },
      handler: async () => ({ status: 200, body: (document ??= openApiDocument([...api, ...own])) }),
    }),
    publicRoute({
      method: 'get',
      path: '/docs',
      operationId: 'getDocs',
      tag,
      summary: 'Every operation on one page',
      action: null,
      responses: { 200: html },
      handler: async () => page(docsPage([...api, ...own].map(documented))),
    }),
    publicRoute({
      method: 'get',
      path: '/docs/enabling',
      operationId: 'getEnablingPage',
      tag,
      summary: 'How sharing is enabled, once access is approved',
      action: null,
      responses: { 200: html },
      handler: async () => page(enablingPage()),
    }),
    publicRoute({
      method: 'get',
      path: '/problems/:code',
      operationId: 'getProblemPage',
      tag,
      summary: 'What an error code means',
      action: null,
      params: z.object({ code: errorCode }),
      responses: { 200: html },
      handler: async ({ params }) => explained(params.code),
    }),
  ];
  return own;
}

function documented({ action, ...route }: Route): DocumentedRoute {
  return { ...route, roles: action && ACTIONS[action] };
}

function explained(code: ErrorCode) {
  return page(problemPage({ code, ...ERRORS[code], advice: ERROR_ADVICE[code] }));
}

function page(body: string) {
  return { status: 200, contentType: 'text/html; charset=utf-8', body };
}

async function ready({ pool, temporal }: Deps) {
  const [database, migrated, workflows] = await Promise.all([
    reached(pool.query('select 1')),
    reached(requireMigrated(pool)),
    reached(
      temporal.connection.withDeadline(Date.now() + READY_WITHIN_MS, () => temporal.workflowService.getSystemInfo({})),
    ),
  ]);
  if (database && migrated && (await heldEpoch(pool))) {
    throw new DomainError('service_unavailable', HELD_WORDS, {
      facts: { database, migrated, temporal: workflows, held: true },
    });
  }
  if (database && migrated && workflows) return { status: 200, body: { status: 'ok' } };
  throw new DomainError('service_unavailable', 'Not ready: see "facts" for what is missing.', {
    facts: { database, migrated, temporal: workflows },
  });
}

/** Nothing where PostgreSQL does not answer: what is not known is not said. */
async function unsealedGauge({ pool }: Deps): Promise<string> {
  let seconds: number | undefined;
  const asked = unsealedSeconds(pool).then((oldest) => (seconds = oldest ?? 0));
  if (!(await reached(asked)) || seconds === undefined) return '';
  return [
    '# HELP uc_audit_unsealed_seconds Age of the oldest audit record without a seal.',
    '# TYPE uc_audit_unsealed_seconds gauge',
    `uc_audit_unsealed_seconds ${seconds}`,
    '',
  ].join('\n');
}

async function requireMigrated(pool: Deps['pool']): Promise<void> {
  if (!(await isMigrated(pool))) throw new Error('migrations are missing');
}

async function reached(asked: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), READY_WITHIN_MS)));
  try {
    return await Promise.race([
      asked.then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
