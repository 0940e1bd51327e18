import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createToken } from '../../src/db/api-tokens.ts';
import { readFile } from 'node:fs/promises';
import { openApiDocument } from '../../src/api/openapi.ts';
import { errorsOf } from '../../src/api/route.ts';
import { allRoutes } from '../../src/api/routes/index.ts';
import { createPool } from '../../src/db/pool.ts';
import { ERRORS } from '../../src/domain/errors.ts';
import { held } from '../db/held.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world.close());

interface Operation {
  operationId: string;
  responses: Record<string, { $ref?: string; description?: string }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, { description?: string }>>;
}

test('the process answers, and is ready when PostgreSQL and Temporal are', async () => {
  expect(await world.anyone.get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await world.anyone.get('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test('it is not ready, and says what is missing, when Temporal cannot be reached', async () => {
  const { temporal } = world.deps;
  world.deps.temporal = {
    workflowService: { getSystemInfo: () => Promise.reject(new Error('down')) },
    connection: temporal.connection,
  } as never;
  const reply = await world.anyone.get('/readyz');
  world.deps.temporal = temporal;
  expect(reply).toMatchObject({
    status: 503,
    code: 'service_unavailable',
    body: { facts: { database: true, temporal: false } },
  });
});

test('it is not ready on a database that lacks a migration of this release', async () => {
  const { rows } = await world.pool.query(
    'delete from migration where id = (select max(id) from migration) returning *',
  );
  const reply = await world.anyone.get('/readyz');
  await world.pool.query('insert into migration select * from json_populate_record(null::migration, $1)', [rows[0]]);
  expect(reply).toMatchObject({ status: 503, body: { facts: { database: true, migrated: false, temporal: true } } });
  expect((await world.anyone.get('/readyz')).status).toBe(200);
});

test.each([
  ['does not get a lock in time', { lockTimeoutMs: 50 }],
  ['asks what takes too long', { statementTimeoutMs: 50 }],
])('who %s is told to come again, and nothing has changed', async (_what, limits) => {
  const { pool } = world.deps;
  const impatient = createPool({
    url: world.deps.config.DATABASE_URL,
    max: 2,
    applicationName: 'api',
    ...limits,
  });
  const locked = await held(pool, (tx) => tx.query('lock table account in exclusive mode'));
  world.deps.pool = impatient;
  const account = { kind: 'organization', slug: Object.keys(limits)[0]!.toLowerCase() };
  const refused = await world.operator.post('/api/v1/accounts', account);
  await locked.commit();
  const accepted = await world.operator.post('/api/v1/accounts', account);
  world.deps.pool = pool;
  await impatient.end();
  expect(refused).toMatchObject({ status: 503, code: 'service_unavailable' });
  expect(accepted.status).toBe(201);
});

test('the OpenAPI document has every route, and every error that a route can answer', async () => {
  const { body } = await world.anyone.get<Document>('/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  for (const route of allRoutes) {
    const operation = body.paths[route.path.replace(/:(\w+)/g, '{$1}')]![route.method]!;
    expect(operation.operationId).toBe(route.operationId);
    for (const code of errorsOf(route)) {
      const answer = operation.responses[ERRORS[code].status]!;
      const shown = answer.$ref ? body.components['responses']![answer.$ref.split('/').at(-1)!]! : answer;
      expect(shown.description).toContain(`\`${code}\``);
    }
  }
  const ids = allRoutes.map((route) => route.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every reference in the document leads somewhere', async () => {
  const { body, text } = await world.anyone.get<Document>('/openapi.json');
  for (const [, path] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = path!.split('/').reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], body);
    expect(target).toBeDefined();
  }
});

test('the file in the repository is what is served', async () => {
  const written: unknown = JSON.parse(await readFile('openapi.json', 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument(allRoutes))));
  expect((await world.anyone.get('/openapi.json')).body).toEqual(written);
});

test('the docs name every operation and need nothing from elsewhere', async () => {
  const { text: html } = await world.anyone.get('/docs');
  const text = html.replaceAll('<wbr>', '');
  for (const route of allRoutes) expect(text).toContain(`${route.method.toUpperCase()} ${route.path}`);
  expect(text).not.toMatch(/src=|https?:\/\//);
});

test('a caller may write the scheme of the token in any case', async () => {
  const owner = { role: 'operator' } as const;
  const { token } = await createToken(world.pool, { name: 'x', owner, actor: 'cli', at: new Date() });
  const sent = { headers: { authorization: `bEARER ${token}` } };
  expect(await world.anyone.get('/api/v1/accounts', sent)).toMatchObject({ status: 200 });
});

test('whoever opens the address alone is led to the docs', async () => {
  const reply = await fetch(world.url, { redirect: 'manual' });
  expect([reply.status, reply.headers.get('location')]).toEqual([302, '/docs']);
});
