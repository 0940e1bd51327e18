import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { myData } from '../../src/db/my-data.ts';
import { inTransaction, type Queryable } from '../../src/db/pool.ts';
import { createDbWorld, type DbWorld } from './db-world.ts';

/** Tables that only grow: whoever asks for what is theirs must not have all of it read. */
const GROWING = ['intent', 'outbox', 'note', 'audit', 'receipt', 'access_request'];

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  Plans?: Plan[];
}

let world: DbWorld;
beforeAll(async () => {
  world = await createDbWorld();
});
afterAll(() => world.close());

/** What the plan reads as a whole: a table, or an index that is gone through from end to end. */
function wholes(plan: Plan): string[] {
  const { 'Node Type': kind, 'Relation Name': table, 'Index Cond': lookedUp, Plans: below = [] } = plan;
  const isWhole = kind === 'Seq Scan' || (kind.startsWith('Index') && lookedUp === undefined);
  return [...(isWhole && table !== undefined ? [table] : []), ...below.flatMap(wholes)];
}

test('what is held about a person is found by an index in each table that only grows', async () => {
  const scanned: string[] = [];
  await inTransaction(world.pool, async (tx) => {
    // Tables of a test are so small that reading all of them costs less.
    await tx.query('set local enable_seqscan = off');
    const explained = {
      async query(text: string, values: unknown[]) {
        const { rows } = await tx.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (format json) ${text}`, values);
        scanned.push(...wholes(rows[0]!['QUERY PLAN'][0].Plan));
        return { rows: [] };
      },
    };
    const person = { userId: 1, createdAt: '2020-01-01T00:00:00Z', githubUserId: 1, actor: `token:${randomUUID()}` };
    await myData(explained as unknown as Queryable, { instanceId: world.instanceId, ...person });
  });
  // Counts of requests are found by how their keys end, and are gone with their time.
  expect(scanned).toContain('rate_limit');
  expect(GROWING.filter((table) => scanned.includes(table))).toEqual([]);
});
