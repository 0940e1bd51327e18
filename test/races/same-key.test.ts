import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { createApiWorld, type ApiWorld } from '../api/api-world.ts';

let world: ApiWorld;
let instanceId: string;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
  await world.switchOn(instanceId);
});
afterAll(() => world.close());
afterEach(() => world.instance.faults.clear());

const connection = (key: string) => ({ instanceId, token: DEMO_TOKENS.instance(key) });
type Body = ReturnType<typeof connection> & { expiresAt?: string };
const PATH = '/api/v1/connections';
const connections = async () => (await world.pool.query<{ id: string }>('select id from connection')).rows.length;

test('the same request twice at the same time is told to wait, and then gets the first one’s answer', async () => {
  const devi = await world.person('devi');
  const hold = world.instance.faults.hold({ who: 'devi' }, 'arrival');
  const first = devi.post(PATH, connection('devi'), { key: 'twice' });
  await hold.waiting();
  const second = await devi.post(PATH, connection('devi'), { key: 'twice' });
  expect(second).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
  hold.release();
  const { status, body } = await first;
  expect(status).toBe(201);
  expect(await devi.post(PATH, connection('devi'), { key: 'twice' })).toMatchObject({ status: 201, body });
  expect(await connections()).toBe(1);
});

test.each([
  ['emil', (plain: Body, other: Body) => [plain, other]],
  ['goran', (plain: Body, other: Body) => [other, plain]],
] as const)(
  'another request under the same key is refused, whichever of the two comes first: %s',
  async (key, order) => {
    const person = await world.person(key);
    const plain = connection(key);
    const [one, another] = order(plain, { ...plain, expiresAt: '2030-01-01T00:00:00Z' }) as [Body, Body];
    const hold = world.instance.faults.hold({ who: key }, 'arrival');
    const first = person.post(PATH, one, { key: 'other' });
    await hold.waiting();
    const refused = { status: 422, code: 'idempotency_key_reused' };
    expect(await person.post(PATH, another, { key: 'other' })).toMatchObject(refused);
    hold.release();
    expect((await first).status).toBe(201);
    expect(await person.post(PATH, another, { key: 'other' })).toMatchObject(refused);
  },
);

test('the same request under two keys at the same time makes one connection', async () => {
  const farah = await world.person('farah');
  const before = await connections();
  const hold = world.instance.faults.hold({ who: 'farah' }, 'arrival');
  const tabs = ['one-tab', 'another-tab'].map((key) => farah.post(PATH, connection('farah'), { key }));
  await hold.waiting(2);
  hold.release();
  const replies = await Promise.all(tabs);
  const made = replies.find(({ status }) => status === 201)!;
  expect(replies.find(({ status }) => status === 409)).toMatchObject({
    code: 'already_connected',
    body: { facts: { connectionId: made.body['id'] } },
  });
  expect(await connections()).toBe(before + 1);
});
