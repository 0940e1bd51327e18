import { schema as published } from '@octokit/graphql-schema';
import { describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  isEnumType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import { GITHUB_SCHEMA_PART } from '../../demo/peers/github-schema.ts';
import { INSTANCE_SCHEMA_PART } from '../../demo/peers/instance-schema.ts';

// The published file defines two fields twice; that is not ours to judge.
const real = buildSchema(published.idl, { assumeValidSDL: true });

/** One line for each thing that a schema says, for example `User.login: String!`. */
function statements(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map((value) => `${type.name} = ${value.name}`);
  if (!isObjectType(type) && !isInterfaceType(type)) return [`scalar ${type.name}`];
  const interfaces = type.getInterfaces().map((one) => `${type.name} implements ${one.name}`);
  const fields = Object.values(type.getFields()).flatMap((field) => [
    `${type.name}.${field.name}: ${String(field.type)}`,
    ...field.args.map(
      (one) => `${type.name}.${field.name}(${one.name}: ${String(one.type)} = ${JSON.stringify(one.defaultValue)})`,
    ),
  ]);
  return [...interfaces, ...fields];
}

function said(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
    .flatMap(statements);
}

function differences(part: string): string[] {
  const known = new Set(said(real));
  return said(buildSchema(part)).filter((line) => !known.has(line));
}

describe('the demo speaks the published GraphQL schema', () => {
  test('every type, field, argument and default of the instance stands there with the same type', () => {
    expect(differences(INSTANCE_SCHEMA_PART)).toEqual([]);
  });

  test('every type, field, argument and default of GitHub.com stands there with the same type', () => {
    expect(differences(GITHUB_SCHEMA_PART)).toEqual([]);
  });

  test('a field that may not be null there and may be here would be noticed', () => {
    expect(differences('type Query { viewer: User } type User { login: String! }')).toEqual(['Query.viewer: User']);
  });
});
