import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';
import { connectIn } from '../db/db-world.ts';
import { held, letGo } from '../db/held.ts';
import { eventually } from '../support/eventually.ts';

let world: ApiWorld;
let instanceId: string;
beforeEach(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
  await world.switchOn(instanceId);
});
afterEach(async () => {
  await letGo();
  await world.close();
});

const connects = () => {
  const { id, createdAt } = world.instance.people.get('devi');
  const githubUserId = world.github.people.get('devi').id;
  return held(world.pool, (tx) => connectIn(tx, instanceId, id, githubUserId, createdAt));
};
const left = async () =>
  (
    await world.pool.query(
      'select (select count(*) from profile) as profiles, (select count(*) from connection_person) as links',
    )
  ).rows[0];

test('a connection that comes while its developer is forgotten is forgotten with them', async () => {
  const devi = await world.person('devi');
  await devi.put('/api/v1/me/profile', { visibility: 'public' });
  const connecting = await connects();
  const forgetting = devi.post<{ connections: { id: string }[] }>('/api/v1/me/forget');
  await waiting(1);
  await connecting.commit();
  expect(await forgetting).toMatchObject({ status: 202, body: { connections: [{ id: connecting.value }] } });
  expect(await left()).toEqual({ profiles: 0, links: 0 });
});

test('a connection that has to wait for its developer to be forgotten begins anew, with a private profile of its own', async () => {
  const devi = await world.person('devi');
  await devi.put('/api/v1/me/profile', { visibility: 'public' });
  // The last step stops after the profile is gone, and before it commits.
  const token = await held(world.pool, (tx) => tx.query(`select 1 from api_token where role = 'person' for update`));
  const forgetting = devi.post('/api/v1/me/forget');
  await waiting(1);
  const connecting = connects();
  await waiting(2);
  await token.commit();
  expect(await forgetting).toMatchObject({ status: 200 });
  await (await connecting).commit();
  expect((await world.pool.query('select visibility from profile')).rows).toEqual([{ visibility: 'private' }]);
  expect(await left()).toEqual({ profiles: 1, links: 1 });
});

function waiting(count: number): Promise<void> {
  return eventually(async () => {
    const { rowCount } = await world.pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rowCount === count;
  }, `${count} wait for a lock`);
}
