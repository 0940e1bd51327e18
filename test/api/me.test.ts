import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { ledger } from '../../src/db/ledger.ts';
import { removeCounts } from '../../src/db/removals.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { recordFailures } from '../../src/db/read-answers.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { tablesWith } from './tables.ts';

let world: ApiWorld;
let devi: Caller;
let emil: Caller;
let ids: Record<'devi' | 'emil', string>;
beforeAll(async () => {
  world = await createApiWorld();
  const instanceId = await world.register();
  await world.switchOn(instanceId);
  [devi, emil] = await Promise.all([world.person('devi'), world.person('emil')]);
  const connect = async (who: Caller, key: string) => {
    const sent = { instanceId, token: DEMO_TOKENS.instance(key) };
    const { id } = (await who.post<{ id: string }>('/api/v1/connections', sent, { key: 'connect' })).body;
    const day = [{ date: '2027-03-01', count: 3 }];
    await ledger.put(world.pool, [
      { connectionId: id, generation: 1, readNumber: 1, source: 'GitHub Enterprise Server', days: day },
    ]);
    const failed = { connectionId: id, generation: 1, failure: 'user_suspended' } as const;
    await inTransaction(world.pool, (tx) => recordFailures(tx, 1, [failed], '2027-03-01T00:00:00Z'));
    await who.put('/api/v1/me/profile', { visibility: 'public' });
    await who.post('/api/v1/access-requests', { instanceId: crypto.randomUUID() });
    return id;
  };
  ids = { devi: await connect(devi, 'devi'), emil: await connect(emil, 'emil') };
  await devi.post(`/api/v1/connections/${ids.devi}/opt-out`);
  await removeCounts(world.pool, ids.devi, 2);
});
afterAll(() => world.close());

type Row = Record<string, unknown>;
const dataOf = async (who: Caller) =>
  (await who.get<{ identity: Row; tables: Record<string, Row[]> }>('/api/v1/me/data')).body;

describe('my data', () => {
  test('is whatever table holds something of the person, and says by which ids they are known', async () => {
    const { identity, tables } = await dataOf(devi);
    const { id, createdAt } = world.instance.people.get('devi');
    expect(identity).toMatchObject({
      sourceUserId: id,
      sourceCreatedAt: createdAt,
      githubUserId: world.github.people.get('devi').id,
    });
    const profile = tables['profile']![0]!['id'] as string;
    const tokens = tables['api_token']!.map((row) => row['id'] as string);
    const held = await tablesWith(world.pool, [ids.devi, profile, ...tokens]);
    const shown = Object.entries(tables).filter(([, rows]) => rows.length > 0);
    expect(shown.map(([name]) => name).toSorted((a, b) => a.localeCompare(b))).toEqual(held);
  });

  test('is nothing of anybody else, and no secret', async () => {
    const { tables } = await dataOf(devi);
    const text = JSON.stringify(tables);
    expect(text).toContain(ids.devi);
    expect(text).not.toContain(ids.emil);
    expect(text).not.toContain(String(world.github.people.get('emil').id));
    expect(text).not.toMatch(/ciphertext|gho_demo|uc_|\\\\x[0-9a-f]{16}/);
  });

  test('after they are forgotten holds nothing of the connection, and nothing ties it to them', async () => {
    const before = await dataOf(emil);
    const tokens = before.tables['api_token']!.map((row) => row['id'] as string);
    await emil.post(`/api/v1/connections/${ids.emil}/forget`);
    const { tables } = await dataOf(emil);
    for (const name of [
      'connection',
      'connection_person',
      'connection_token',
      'ledger',
      'sync_failure',
      'sighting',
      'intent',
    ]) {
      expect([name, tables[name]]).toEqual([name, []]);
    }
    // What is kept under the connection's id names nobody: not their token either, which is tied to both their ids.
    const { rows } = await world.pool.query<{ actor: string }>(
      'select distinct actor from audit where subject_id = $1',
      [ids.emil],
    );
    expect(rows.map((row) => row.actor)).toEqual([`person:${ids.emil}`]);
    const { rows: records } = await world.pool.query('select 1 from audit where subject_id = $1 and audit::text ~ $2', [
      ids.emil,
      tokens.join('|'),
    ]);
    expect(records).toEqual([]);
  });
});
