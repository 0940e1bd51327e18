import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createToken, revokeToken } from '../../src/db/api-tokens.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { caller, type Caller } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let path: string;
beforeAll(async () => {
  world = await createApiWorld();
  stopWork = await startWork(world);
  const instanceId = await world.register();
  const ada = await world.person('ada');
  const asked = await ada.post<{ id: string }>('/api/v1/access-requests', { instanceId });
  path = `/api/v1/access-requests/${asked.body.id}`;
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

const by = { actor: 'test', at: new Date() };

async function staff(key: string): Promise<{ who: Caller; tokenId: string }> {
  const owner = { role: 'support', githubUserId: world.github.people.get(key).id } as const;
  const { id, token } = await createToken(world.pool, { name: 'support', owner, ...by });
  return { who: caller(world.url, token), tokenId: id };
}

test('nobody of support decides a request of their own', async () => {
  const { who: ada } = await staff('ada');
  const note = { note: 'Contract signed.' };
  await ada.post(`${path}/contacts`, note);
  expect(await ada.post(`${path}/approve`, note)).toMatchObject({ status: 403, code: 'own_request' });
  expect(await ada.post(`${path}/deny`, note)).toMatchObject({ status: 403, code: 'own_request' });
});

test('a colleague does; what could not be checked is done when it is sent again with its key, and its note is kept once', async () => {
  const { who: chloe } = await staff('chloe');
  const approve = () => chloe.post(`${path}/approve`, { note: 'Contract signed.' }, { key: 'approve' });
  world.github.faults.add({ kind: 'bad-gateway' });
  expect(await approve()).toMatchObject({ status: 503, code: 'proof_unavailable' });
  world.github.faults.clear();
  expect(await approve()).toMatchObject({ status: 200, body: { status: 'approved' } });
  const { body } = await chloe.get<{ notes: { action: string }[] }>(path);
  expect(body.notes.map(({ action }) => action)).toEqual(['request.contacted', 'request.approved']);
  expect((await world.pool.query('select 1 from note')).rowCount).toBe(2);
});

test('what is held about the requester includes what support wrote of the request, until it is erased', async () => {
  const ada = await world.person('ada');
  const notes = async () => (await ada.get<{ tables: { note: unknown[] } }>('/api/v1/me/data')).body.tables.note;
  expect((await notes()).length).toBeGreaterThan(0);
  await world.support.post(`${path}/erase-notes`);
  expect(await notes()).toEqual([]);
  const { rows } = await world.pool.query(`select detail from audit where action = 'request.notes_erased'`);
  expect(rows).toEqual([{ detail: { notes: 2 } }]);
});

test('a token that is revoked opens nothing, and who it was of is erased', async () => {
  const { who, tokenId } = await staff('bruno');
  expect((await who.get(path)).status).toBe(200);
  await revokeToken(world.pool, tokenId, by);
  expect((await who.get(path)).code).toBe('unauthenticated');
  const { rows } = await world.pool.query('select github_user_id, instance_id from api_token where id = $1', [tokenId]);
  expect(rows).toEqual([{ github_user_id: null, instance_id: null }]);
});
