import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApiWorld, type ApiWorld } from './api-world.ts';

const MANY = 205;

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
  const instanceId = await world.register();
  await world.pool.query(
    `insert into connection (id, instance_id, joined_generation, status, created_at)
     select gen_random_uuid(), $1, 0, 'connected', now() from generate_series(1, $2::int)`,
    [instanceId, MANY],
  );
});
afterAll(() => world.close());

test('the doctor goes on where the page before said, and that place tells nothing', async () => {
  type Page = { examined: number; next: string };
  const look = (after: string) => world.operator.get<Page>(`/api/v1/doctor/findings?after=${after}`);
  const first = await look('connections');
  expect(first).toMatchObject({ status: 200, body: { items: [], examined: 200 } });
  const { rows } = await world.pool.query<{ id: string }>('select id from connection order by id offset 199 limit 1');
  expect(first.body.next).toMatch(/^connections:/);
  expect(Buffer.from(first.body.next.split('.')[1]!, 'base64url').includes(rows[0]!.id)).toBe(false);
  expect(await look(first.body.next)).toMatchObject({ status: 200, body: { examined: MANY - 200, next: 'acts' } });
  const after = first.body.next;
  expect((await world.operator.post<Page>('/api/v1/doctor/repairs', { after })).body.examined).toBe(MANY - 200);
});
