import type { z } from 'zod';
import { DomainError } from '../domain/errors.ts';
import { invalidInput } from './problem.ts';
import type { Route } from './route.ts';

/** What came for a route, held to its schemas. @throws DomainError not_found for an id that is none, invalid_input */
export function parseRequest(route: Route, came: { params: unknown; query: unknown; body: unknown }) {
  const params = route.params?.safeParse(came.params);
  if (params && !params.success) throw new DomainError('not_found');
  return {
    params: params?.data,
    query: check(route.query, came.query, 'query'),
    body: route.body ? check(route.body, came.body ?? {}, 'body') : undefined,
  };
}

function check(schema: z.ZodObject | undefined, input: unknown, where: 'query' | 'body'): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(input);
  if (!result.success) throw invalidInput(result.error, where);
  return result.data;
}
