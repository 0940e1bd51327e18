import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { recordAudit } from '../../src/db/audit.ts';
import { addMs } from '../../src/domain/dates.ts';
import { sealAll, writeRecord } from '../db/audit-world.ts';
import { SEALING } from '../support/audit-seal.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';

let world: ApiWorld;
let instanceId: string;
let connectionId: string;
beforeAll(async () => {
  world = await createApiWorld();
  instanceId = await world.register();
  await world.switchOn(instanceId);
  const devi = await world.person('devi');
  const connect = { instanceId, token: DEMO_TOKENS.instance('devi') };
  connectionId = (await devi.post<{ id: string }>('/api/v1/connections', connect)).body.id;
});
afterAll(() => world.close());

interface Record_ {
  id: number;
  action: string;
  actor: string;
  at: string;
  subjectId: string;
}
const list = async (query: string) =>
  (await world.operator.get<{ items: Record_[]; next?: string }>(`/api/v1/audit?${query}`)).body;

describe('the audit', () => {
  test('is of one subject, or of an instance with its connections and requests', async () => {
    expect((await list(`subject=${connectionId}`)).items.map((one) => one.action)).toEqual(['connection.created']);
    const ofInstance = (await list(`instance=${instanceId}`)).items;
    expect(ofInstance.map((one) => one.action)).toEqual([
      'connection.created',
      'sharing.account_side_enabled',
      'sharing.instance_side_enabled',
      'instance.connect_recorded',
      'instance.registered',
    ]);
    expect((await list(`instance=${randomUUID()}`)).items).toEqual([]);
  });

  test('is of one actor: a developer in it is known by their connection alone', async () => {
    const [made] = (await list(`subject=${connectionId}`)).items;
    expect(made!.actor).toBe(`person:${connectionId}`);
    expect((await list(`actor=person:${connectionId}`)).items).toEqual([made]);
  });

  test('is of a time, from its first instant and before its last', async () => {
    const subject = randomUUID();
    const times = [0, 1000, 2000].map((ms) => addMs('2027-03-01T12:00:00.000Z', ms));
    for (const at of times) {
      await recordAudit(world.pool, {
        subjectKind: 'sync',
        subjectId: subject,
        action: 'sync.tested',
        actor: 'test',
        at,
      });
    }
    const found = (await list(`subject=${subject}&from=${times[0]}&to=${times[2]}`)).items;
    expect(found.map((one) => one.at)).toEqual([times[1], times[0]]);
  });

  test('is read page by page, newest first, and what is recorded meanwhile moves no page', async () => {
    const all = (await list('limit=200')).items.map((one) => one.id);
    expect(all).toEqual(all.toSorted((a, b) => b - a));
    const pages: number[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: { items: Record_[]; next?: string } = await list(`limit=3${after && `&after=${after}`}`);
      pages.push(...page.items.map((one) => one.id));
      after = page.next;
      await world.operator.post('/api/v1/accounts', { kind: 'organization', slug: `a-${randomUUID().slice(0, 8)}` });
    }
    expect(pages).toEqual(all);
  });

  test('is exported as lines a page, sealed records alone, by the same filters', async () => {
    await sealAll(world.pool, SEALING.seal);
    const unsealed = await writeRecord(world.pool);
    const { text, status } = await world.operator.get(`/api/v1/audit/export?instance=${instanceId}`);
    expect(status).toBe(200);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record_ & { seq: number });
    const listed = (await list(`instance=${instanceId}`)).items.toReversed();
    expect(lines.map(({ id, action }) => ({ id, action }))).toEqual(listed.map(({ id, action }) => ({ id, action })));
    const last = lines.at(-1)!;
    expect(last).toMatchObject({ instanceId, keyId: 'a1', hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await world.operator.get(`/api/v1/audit/export?instance=${instanceId}&after=${last.seq}`)).text).toBe('');
    expect((await world.operator.get('/api/v1/audit/export')).text).not.toContain(unsealed);
  });

  test('is found by an index, whatever it is filtered by', async () => {
    await world.pool.query(
      `insert into audit (subject_kind, subject_id, instance_id, version, action, actor, at)
       select 'token', gen_random_uuid(), gen_random_uuid(), nextval('projection_version'), 'token.created', 'token:' || n,
         timestamptz '2020-01-01' + n * interval '1 hour' from generate_series(1, 20000) as n`,
    );
    await world.pool.query('analyze audit');
    const plan = async (condition: string) => {
      const { rows } = await world.pool.query<{ 'QUERY PLAN': string }>(
        `explain select * from audit where ${condition} order by id desc limit 50`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    expect(await plan(`subject_id = '${connectionId}'`)).toContain('audit_subject');
    expect(await plan(`instance_id = '${instanceId}'`)).toContain('audit_instance');
    expect(await plan(`actor = 'token:77'`)).toContain('audit_actor');
    expect(await plan(`at >= '2020-02-01' and at < '2020-02-02'`)).toContain('audit_at');
  });

  test('holds ids, states, times and totals, and nothing of what was sent', async () => {
    const { text } = await world.operator.get('/api/v1/audit?limit=200');
    const { login, name } = world.instance.people.get('devi');
    for (const secret of [login, name, DEMO_TOKENS.instance('devi'), 'ghes.acme', world.instance.url])
      expect(text).not.toContain(secret);
  });
});
