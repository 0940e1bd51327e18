import { describe, expect, test } from '@jest/globals';
import { violationsOf } from './rooms.ts';
import { sourceFiles } from './source-files.ts';

test('every file imports only what its room may', () => {
  expect(sourceFiles('.ts').flatMap(violationsOf)).toEqual([]);
});

describe('it is a violation', () => {
  test.each([
    ['a rule that reaches for the database', 'src/domain/window.ts', `import pg from 'pg';`],
    ['a rule that reads a file', 'src/domain/window.ts', `import { readFileSync } from 'node:fs';`],
    [
      'a workflow that calls an activity’s code',
      'src/workflows/x.ts',
      `import { createActivities } from '../activities/index.ts';`,
    ],
    ['a workflow that uses Node', 'src/workflows/x.ts', `import { randomUUID } from 'node:crypto';`],
    ['an activity that brings its own database', 'src/activities/x.ts', `import { createPool } from '../db/pool.ts';`],
    [
      'an activity that brings its own source',
      'src/activities/x.ts',
      `import { createGhes } from '../sources/ghes.ts';`,
    ],
    ['the database that knows a source', 'src/db/x.ts', `import type { Sources } from '../sources/index.ts';`],
    ['a source that knows the database', 'src/sources/x.ts', `import { inTransaction } from '../db/pool.ts';`],
    [
      'a source that knows who owns an account',
      'src/sources/x.ts',
      `import { createAuthority } from '../identity/authority.ts';`,
    ],
    ['a route that calls a source', 'src/api/routes/x.ts', `import { createGhes } from '../../sources/ghes.ts';`],
    [
      'a route that calls an activity',
      'src/api/routes/x.ts',
      `import { readCounts } from '../../activities/read-counts.ts';`,
    ],
    [
      'a route that runs a workflow’s code',
      'src/api/routes/x.ts',
      `import { connection } from '../../workflows/connection.ts';`,
    ],
    ['a route that talks to express itself', 'src/api/routes/x.ts', `import express from 'express';`],
    ['a page that reads the database', 'src/api/views/x.ts', `import { loadInstance } from '../../db/instances.ts';`],
    ['a page that knows a route', 'src/api/views/x.ts', `import { routes } from '../routes/index.ts';`],
    [
      'the API that wires a source elsewhere than in its server',
      'src/api/x.ts',
      `import { createSources } from '../sources/index.ts';`,
    ],
    ['the CLI that knows the API’s code', 'src/cli/x.ts', `import { createApp } from '../api/app.ts';`],
    ['a port with code of the rules', 'src/ports/x.ts', `import { addDays } from '../domain/dates.ts';`],
    [
      'the product that needs the demo',
      'src/api/x.ts',
      `import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';`,
    ],
    ['a re-export', 'src/domain/x.ts', `export * from '../db/pool.ts';`],
    ['a re-export by name', 'src/domain/x.ts', `export { createPool } from '../db/pool.ts';`],
    ['an import in the midst', 'src/domain/x.ts', `export const pool = () => import('../db/pool.ts');`],
    ['an import by a name that is worked out', 'src/domain/x.ts', 'export const any = (name: string) => import(name);'],
    ['one value among types', 'src/activities/x.ts', `import { type Pool, createPool } from '../db/pool.ts';`],
    ['a room that nobody named', 'src/helpers/x.ts', ''],
  ])('%s', (_, path, text) => {
    expect(violationsOf({ path, text })).toEqual([expect.stringContaining(path)]);
  });

  test('and it is said with the file, the import and the rule', () => {
    expect(violationsOf({ path: 'src/domain/x.ts', text: `import { createPool } from '../db/pool.ts';` })).toEqual([
      'src/domain/x.ts imports "../db/pool.ts"; src/domain/ may import: nothing',
    ]);
  });
});

describe('it is none', () => {
  test.each([
    [
      'an activity that sees types of the database',
      'src/activities/x.ts',
      `import type { Pool } from '../db/pool.ts';`,
    ],
    [
      'a workflow that sees types of activities',
      'src/workflows/x.ts',
      `import type { Activities } from '../activities/index.ts';`,
    ],
    [
      'a route that knows what is said to a workflow',
      'src/api/routes/x.ts',
      `import { sendUpdate } from '../../workflows/connection.messages.ts';`,
    ],
    [
      'a comment that names a package',
      'src/domain/x.ts',
      `// import pg from 'pg';\nexport const text = "import pg from 'pg'";`,
    ],
  ])('%s', (_, path, text) => {
    expect(violationsOf({ path, text })).toEqual([]);
  });
});
