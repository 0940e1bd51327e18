import { z } from 'zod';
import { createDocument, type oas31, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { ERRORS } from '../domain/errors.ts';
import { ACTIONS } from './authorize.ts';
import { errorsOf, type ResponseSchema, type Route } from './route.ts';
import { problem } from './schemas.ts';

const INTRODUCTION = `Developers show on a public profile how much they contributed on their company's own forge, and nothing else about it.

Every error is \`application/problem+json\` (RFC 9457) with a \`code\` of a closed list. A POST or PUT may carry an
\`Idempotency-Key\`: the same key with the same request gives the same answer for 24 hours. What takes long is answered
202 with the place to look at.`;

const idempotencyKey = z.string().min(1).max(200).optional().meta({
  description: 'Makes the request safe to send again for 24 hours.',
});

/** The document, from the very schemas that the routes validate with. */
export function openApiDocument(routes: readonly Route[]): oas31.OpenAPIObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = operationOf(route);
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Unified Contributions', version: '1', description: INTRODUCTION },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'An API token: `uc_…`.' } },
    },
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
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
    security: roles ? [{ token: [] }] : [],
    ...(Object.keys(requestParams).length > 0 && { requestParams }),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: { ...successes(route.responses), ...failures(route) },
  };
}

function successes(responses: Record<number, ResponseSchema>): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      schema instanceof z.ZodType
        ? { description: 'Done.', content: { 'application/json': { schema } } }
        : { description: schema.description, content: { [schema.contentType]: { schema: { type: 'string' as const } } } },
    ]),
  );
}

const SHARED_CODES = 5;

/** One answer a status; the codes that share it are in the schema. */
function failures(route: Route): ZodOpenApiResponsesObject {
  const codes = errorsOf(route);
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => ERRORS[code].status === status);
      const narrowed = { type: 'object' as const, properties: { code: { enum: own } } };
      const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, narrowed] };
      const description = own.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' ');
      // What many routes answer alike is written once.
      const shared = own.length <= SHARED_CODES && { id: own.join('.') };
      return [String(status), { ...shared, description, content: { 'application/problem+json': { schema } } }];
    }),
  );
}
