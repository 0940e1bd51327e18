import { execute, GraphQLError, parse, validate } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { json, refusal } from './answer.ts';
import type { Answer } from './answer.ts';

const requestSchema = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).nullish() });

/** The error of a resolver: the real API gives its kind as `type` beside the message. */
export class TypedGraphQLError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Executes a GraphQL request; errors come with status 200, as at the real API. */
export async function answerGraphQL(
  schema: GraphQLSchema,
  rootValue: unknown,
  body: unknown,
  contextValue?: unknown,
): Promise<Answer> {
  const asked = requestSchema.safeParse(body);
  if (!asked.success) return refusal(400, 'A query attribute must be specified and must be a string.');
  const { query, variables } = asked.data;
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return json(200, { errors: [shown(error)] });
  }
  const invalid = validate(schema, document);
  if (invalid.length > 0) return json(200, { errors: invalid.map(shown) });
  const result = await execute({ schema, document, rootValue, contextValue, variableValues: variables ?? {} });
  const errors = result.errors?.map(shown);
  return json(200, errors === undefined ? { data: result.data } : { data: result.data ?? null, errors });
}

function shown(error: GraphQLError): object {
  const type = error.originalError instanceof TypedGraphQLError ? { type: error.originalError.type } : {};
  const path = error.path === undefined ? {} : { path: error.path };
  return { ...type, ...path, locations: error.locations, message: error.message };
}
