import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { ledger } from '../../src/db/ledger.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import type { DayCount } from '../../src/domain/window.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';

let world: ApiWorld;
let devi: Caller;
let connectionId: string;
let own: Own;
beforeAll(async () => {
  world = await createApiWorld();
  const instanceId = await world.register();
  await world.switchOn(instanceId);
  devi = await world.person('devi');
  const connect = { instanceId, token: DEMO_TOKENS.instance('devi') };
  connectionId = (await devi.post<{ id: string }>('/api/v1/connections', connect)).body.id;
  // That it sends is not this file's subject: what is shown is.
  await world.pool.query(`update connection set status = 'sending', sharing_generation = 0`);
  own = (await devi.get<Own>('/api/v1/me/profile')).body;
});
afterAll(() => world.close());

interface Own {
  id: string;
  visibility: string;
  json: string;
  svg: string;
}
interface Shown {
  from: string;
  to: string;
  total: number;
  days: (DayCount & { level: number })[];
  sources: { label: string; total: number; asOf: string | null; days: DayCount[] }[];
}

const NOON = '2027-03-03T12:00:00Z';
const TODAY = utcDay(NOON);
const daysAgo = (days: number) => addDays(TODAY, -days);
const show = (visibility: 'public' | 'private') => devi.put<Own>('/api/v1/me/profile', { visibility });
const sees = async () => (await world.anyone.get<Shown>(own.json)).body;

/** As a browser or a proxy does it; fetch alone would ask for a whole new copy. */
const asksAgain = (etag: string) => ({ headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' } });

async function keeps(days: DayCount[]): Promise<void> {
  await ledger.remove(world.pool, [connectionId]);
  await ledger.put(world.pool, [
    { connectionId, generation: 1, readNumber: 1, source: 'GitHub Enterprise Server', days },
  ]);
}

beforeEach(async () => {
  world.setClock(new Date(NOON));
  await keeps([3, 1, 2, 8].map((count, at) => ({ date: daysAgo(at), count })));
  await show('public');
});

describe('who sees a profile', () => {
  test('nobody until its owner says so; it is theirs to say alone', async () => {
    await show('private');
    expect((await devi.get('/api/v1/me/profile')).body).toMatchObject({ visibility: 'private', id: own.id });
    for (const path of [own.json, own.svg]) {
      for (const who of [world.anyone, devi, world.operator, world.support]) {
        expect(await who.get(path)).toMatchObject({ status: 404, code: 'not_found' });
      }
    }
    expect(await show('public')).toMatchObject({
      status: 200,
      body: { visibility: 'public', visibilityAt: '2027-03-03T12:00:00.000Z' },
    });
    expect((await world.anyone.get(own.svg)).status).toBe(200);
    expect((await world.person('emil').then((emil) => emil.get('/api/v1/me/profile'))).body).toEqual({
      id: null,
      visibility: 'private',
      visibilityAt: null,
      json: null,
      svg: null,
    });
  });

  test('a private profile cannot be told from one that is not there', async () => {
    await show('private');
    const nobody = randomUUID();
    for (const path of [own.json, own.svg, `${own.svg}?theme=dark`]) {
      const [hidden, absent] = await Promise.all([
        world.anyone.get(path),
        world.anyone.get(path.replace(own.id, nobody)),
      ]);
      expect(absent.text.replaceAll(nobody, own.id)).toBe(hidden.text);
      const told = ({ headers }: { headers: Headers }) => [...headers.keys()].filter((name) => name !== 'date');
      expect(told(absent)).toEqual(told(hidden));
    }
  });

  test('neither may any cache keep that it is not there, nor a copy for longer than 5 minutes', async () => {
    for (const path of [own.json, own.svg]) {
      const cached = (await world.anyone.get(path)).headers.get('cache-control')!;
      expect(cached).toMatch(/^public, max-age=\d+$/);
      expect(Number(cached.split('=')[1])).toBeLessThanOrEqual(300);
    }
    await show('private');
    expect((await world.anyone.get(own.json)).headers.get('cache-control')).toBe('no-store');
  });
});

describe('what is seen', () => {
  test('is each day’s count with its level, by source, and nothing of who it is or where', async () => {
    const reply = await world.anyone.get<Shown>(own.json);
    const days = [
      { date: daysAgo(3), count: 8, level: 4 },
      { date: daysAgo(2), count: 2, level: 2 },
      { date: daysAgo(1), count: 1, level: 1 },
      { date: TODAY, count: 3, level: 3 },
    ];
    expect(reply.body).toMatchObject({ from: '2026-03-01', to: TODAY, total: 14, days });
    const counts = days.map(({ date, count }) => ({ date, count }));
    expect(reply.body.sources).toEqual([{ label: 'GitHub Enterprise Server', total: 14, asOf: null, days: counts }]);
    const person = world.instance.people.get('devi');
    const secrets = [
      connectionId,
      person.login,
      person.name,
      String(person.id),
      'ghes.acme',
      String(world.github.people.get('devi').id),
    ];
    for (const text of [reply.text, (await world.anyone.get(own.svg)).text]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });

  test('is 53 weeks from a Sunday; what is older is kept and not shown, and tomorrow once somebody has begun it', async () => {
    const [first, tomorrow] = ['2026-03-01', addDays(TODAY, 1)];
    await keeps([addDays(first, -1), first, tomorrow].map((date) => ({ date, count: 5 })));
    expect(await sees()).toMatchObject({ from: first, to: tomorrow, total: 10 });
    expect((await devi.get<Shown>(`/api/v1/connections/${connectionId}/sent`)).body.total).toBe(15);
    await keeps([{ date: first, count: 5 }]);
    expect(await sees()).toMatchObject({ from: first, to: TODAY, total: 5 });
  });

  test('begins a week later once tomorrow is a Sunday that somebody has begun', async () => {
    world.setClock(new Date('2027-03-06T12:00:00Z'));
    await keeps([
      { date: '2026-02-23', count: 1 },
      { date: '2027-03-06', count: 2 },
    ]);
    expect(await sees()).toMatchObject({ from: '2026-03-01', to: '2027-03-06', total: 2 });
    await keeps([
      { date: '2027-03-06', count: 2 },
      { date: '2027-03-07', count: 4 },
    ]);
    expect(await sees()).toMatchObject({ from: '2026-03-08', to: '2027-03-07', total: 6 });
  });

  test('of a source that failed for 3 days says since when', async () => {
    const since = '2027-02-27T00:00:00.000Z';
    await world.pool.query(
      `insert into sync_failure (connection_id, class, first_at, last_at) values ($1, 'bad_answer', $2, $2)`,
      [connectionId, since],
    );
    expect((await sees()).sources).toMatchObject([{ asOf: since }]);
    expect((await world.anyone.get(own.svg)).text).toContain('as of 2027-02-27');
    await world.pool.query('delete from sync_failure');
    expect((await sees()).sources).toMatchObject([{ asOf: null }]);
  });

  test('of somebody whose last source went is an empty graph', async () => {
    await world.pool.query('update connection set restore_until = now()');
    expect(await sees()).toMatchObject({ total: 0, days: [], sources: [] });
    expect((await world.anyone.get(own.svg)).text).toContain('0 contributions in the last year');
    await world.pool.query('update connection set restore_until = null');
  });
});

describe('a copy', () => {
  test('may be a picture on any page; its numbers are for those who ask themselves', async () => {
    const policy = async (path: string) => (await world.anyone.get(path)).headers.get('cross-origin-resource-policy');
    expect(await policy(own.svg)).toBe('cross-origin');
    expect(await policy(own.json)).toBe('same-origin');
  });

  test.each(['json', 'svg'] as const)('that is still right is not sent again (%s)', async (form) => {
    const path = own[form];
    const first = await world.anyone.get(path);
    const etag = first.headers.get('etag')!;
    const again = await world.anyone.get(path, asksAgain(etag));
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(again.headers.get('etag')).toBe(etag);
    await keeps([{ date: TODAY, count: 99 }]);
    const changed = await world.anyone.get(path, asksAgain(etag));
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  test('of the picture is another one for each theme', async () => {
    const [light, dark] = [await world.anyone.get(own.svg), await world.anyone.get(`${own.svg}?theme=dark`)];
    expect(light.text).not.toBe(dark.text);
    expect(light.headers.get('etag')).not.toBe(dark.headers.get('etag'));
  });

  test('is not there any more once the profile is private, whatever the caller has', async () => {
    const etag = (await world.anyone.get(own.json)).headers.get('etag')!;
    await show('private');
    expect(await world.anyone.get(own.json, asksAgain(etag))).toMatchObject({ status: 404 });
  });
});
