import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { schema as published } from '@octokit/graphql-schema';
import { buildSchema, parse, validate } from 'graphql';
import { ENTERPRISE_OWNERS_QUERY, SERVER_INSTALLATIONS_QUERY } from '../../src/identity/enterprise-queries.ts';
import { CONTRIBUTIONS_QUERY, contributionsRequest } from '../../src/sources/ghes-contributions.ts';
import { window } from './reading.ts';

// The published file defines two fields twice; that is not ours to judge.
const schema = buildSchema(published.idl, { assumeValidSDL: true });
const wrongIn = (query: string): string[] => validate(schema, parse(query)).map(({ message }) => message);

const QUERIES = { CONTRIBUTIONS_QUERY, ENTERPRISE_OWNERS_QUERY, SERVER_INSTALLATIONS_QUERY };

describe('every GraphQL query that leaves this system', () => {
  test.each(Object.entries(QUERIES))('holds to the published schema: %s', (_name, query) => {
    expect(wrongIn(query)).toEqual([]);
  });

  test('is one of these', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const text = files.map((file) => readFileSync(join('src', file), 'utf8')).join('\n');
    const operations = text.match(/['"`]\s*(?:query|mutation|subscription)\b\s*(?:\w+\s*)?[({]/g) ?? [];
    expect(operations).toHaveLength(Object.keys(QUERIES).length);
  });

  test('of the counts is sent as it stands, with the days of the window', () => {
    expect(JSON.parse(contributionsRequest(window))).toEqual({
      query: CONTRIBUTIONS_QUERY,
      variables: { from: '2026-08-26T00:00:00Z', to: '2026-11-25T23:59:59Z' },
    });
  });
});

describe('the check itself', () => {
  test.each([
    ['a field that is not there', CONTRIBUTIONS_QUERY, 'databaseId', 'numericId'],
    ['a variable of another type', CONTRIBUTIONS_QUERY, '$from: DateTime!', '$from: String!'],
    ['an argument that is not there', CONTRIBUTIONS_QUERY, '(from: $from,', '(since: $from,'],
    ['a list that is asked for without its fields', CONTRIBUTIONS_QUERY, '{ date contributionCount }', ''],
    ['a role that is not there', ENTERPRISE_OWNERS_QUERY, 'role: OWNER', 'role: ROOT'],
    ['a field of another type', SERVER_INSTALLATIONS_QUERY, 'hostName', 'hostname'],
  ])('finds %s', (_name, query, text, other) => {
    expect(query).toContain(text);
    expect(wrongIn(query.replace(text, other))).not.toEqual([]);
  });
});
