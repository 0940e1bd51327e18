import { z } from 'zod';
import {
  createDocument,
  type oas31,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { ACTIONS } from './authorize.ts';
import { SESSION_COOKIE } from './cookies.ts';
import type { Role } from './identity.ts';
import { errorsOf, type ResponseSchema, type Route } from './route.ts';
import { problem, visible } from './schemas.ts';

const INTRODUCTION = `Developers show on a public profile how much they contributed on their company's own forge, and nothing else about it.

Every error is \`application/problem+json\` (RFC 9457) with a \`code\` of a closed list. A POST or PUT may carry an
\`Idempotency-Key\`: the same key with the same request gives the same answer for 24 hours. What takes long is answered
202 with the place to look at.`;

const idempotencyKey = visible.max(200).optional().meta({
  description: 'Makes the request safe to send again for 24 hours.',
});

/** The document, from the very schemas that the routes validate with. */
export function openApiDocument(routes: readonly Route[]): oas31.OpenAPIObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  const shared = new Map<string, ZodOpenApiResponseObject>();
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = operationOf(route, shared);
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Unified Contributions', version: '1', description: INTRODUCTION },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token: `uc_…`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description:
            'A browser that signed in at /sign-in. What changes something has to come from a page of this site.',
        },
      },
    },
  });
}

const hasSessions = (role: Role) => role !== 'operator';

function operationOf(route: Route, shared: Map<string, ZodOpenApiResponseObject>): ZodOpenApiOperationObject {
  const roles = route.action ? ACTIONS[route.action] : undefined;
  const requestParams = {
    ...(route.params && { path: route.params }),
    ...(route.query && { query: route.query }),
    ...(route.method !== 'get' && { header: z.object({ 'Idempotency-Key': idempotencyKey }) }),
  };
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: roles ? `For: ${roles.join(', ')}.` : 'For anyone.',
    security: roles ? [{ token: [] }, ...(roles.some(hasSessions) ? [{ session: [] }] : [])] : [],
    ...(Object.keys(requestParams).length > 0 && { requestParams }),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: { ...successes(route.responses), ...failures(route, shared) },
  };
}

function successes(responses: Record<number, ResponseSchema>): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      schema instanceof z.ZodType
        ? { description: 'Done.', content: { 'application/json': { schema } } }
        : { description: schema.description, content: byType(schema.content) },
    ]),
  );
}

function byType(content: Readonly<Record<string, z.ZodType>>) {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

const SHARED_CODES = 5;

/** One answer a status, with the codes that share it. An answer that many routes give is one object: it is written once. */
function failures(route: Route, shared: Map<string, ZodOpenApiResponseObject>): ZodOpenApiResponsesObject {
  const codes = errorsOf(route);
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => ERRORS[code].status === status);
      const id = own.join('.');
      const answer = shared.get(id) ?? failure(own, own.length <= SHARED_CODES ? id : undefined);
      shared.set(id, answer);
      return [String(status), answer];
    }),
  );
}

function failure(codes: readonly ErrorCode[], id: string | undefined): ZodOpenApiResponseObject {
  const narrowed = { type: 'object' as const, properties: { code: { enum: [...codes] } } };
  const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, narrowed] };
  const description = codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' ');
  return { ...(id !== undefined && { id }), description, content: { 'application/problem+json': { schema } } };
}
