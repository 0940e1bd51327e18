import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { addDaysTo, addMs, HOUR_MS } from '../../src/domain/dates.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller, Reply } from './client.ts';
import { changesNothing } from './tables.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
let ada: Caller;
let ines: Caller;
beforeAll(async () => {
  world = await createApiWorld({ SYNC_EVERY: '3650d' });
  stopWork = await startWork(world);
  instanceId = await world.register();
  [ada, ines] = await Promise.all([world.person('ada'), world.person('ines')]);
});
afterAll(async () => {
  await stopWork();
  await world.close();
});
// Each test begins as the first did: nothing asked, nothing granted, terms that nobody recorded, everybody in their role.
afterEach(async () => {
  world.setClock(undefined);
  world.github.faults.clear();
  world.instance.people.change('ada', { siteAdmin: true });
  world.github.accounts.setMembership('acme', 'ada', { role: 'admin', state: 'active' });
  await world.pool.query(`update instance set connect = 'connected', sharing_status = 'unavailable'`);
  await world.pool.query('update account set terms = null');
  await world.pool.query(`update access_request set status = 'expired', created_at = '2026-01-01'`);
});

const PATH = '/api/v1/access-requests';
const NOTE = { note: 'They know the terms.' };

interface Shown extends Record<string, unknown> {
  id: string;
  status: string;
  createdAt: string;
  failedChecks: { code: string; remedy: string }[];
  instructionsUrl: string | null;
  notes: { action: string; author: string; text: string }[];
}

const asks = (who: Caller) => who.post<Shown>(PATH, { instanceId });
const sees = async (who: Caller, id: string) => (await who.get<Shown>(`${PATH}/${id}`)).body;

interface Request {
  id: string;
  act: (by: Caller, name: string, body?: object) => Promise<Reply>;
}

async function logged(who = ada): Promise<Request> {
  const { body, status, headers } = await asks(who);
  expect({ status, at: headers.get('location'), is: body.status }).toEqual({
    status: 201,
    at: `${PATH}/${body.id}`,
    is: 'logged',
  });
  return { id: body.id, act: (by, name, sent) => by.post(`${PATH}/${body.id}/${name}`, sent) };
}

async function terms(value: 'standard' | 'custom'): Promise<void> {
  const { body } = await world.support.get<{ items: { id: string }[] }>('/api/v1/accounts');
  await world.support.put(`/api/v1/accounts/${body.items[0]!.id}/terms`, { terms: value });
}

const sharingIs = async () =>
  (await ada.get<{ status: string }>(`/api/v1/instances/${instanceId}/sharing`)).body.status;

describe('asking for access', () => {
  test('under standard terms is answered at once, without a person, with where to enable', async () => {
    await terms('standard');
    const { status, body } = await asks(ada);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'approved',
      decidedByTerms: true,
      failedChecks: [],
      instructionsUrl: '/docs/enabling',
    });
    expect((await world.anyone.get(body.instructionsUrl!)).text).toContain('instance-side');
    expect(await sharingIs()).toBe('available');
  });

  test('under terms that are custom, or that nobody recorded, is logged for a person, due in 2 business days', async () => {
    world.setClock(new Date('2027-03-05T15:00:00Z'));
    const request = await logged();
    expect(await sees(ada, request.id)).toMatchObject({
      contactDueAt: '2027-03-09T15:00:00.000Z',
      instructionsUrl: null,
    });
    expect(await sharingIs()).toBe('unavailable');
  });

  test('by whoever is not eligible is answered with every reason and what to do about it', async () => {
    await world.operator.put(`/api/v1/instances/${instanceId}/connect`, { connected: false });
    const devi = await world.person('devi');
    const { status, body } = await asks(devi);
    expect({ status, is: body.status }).toEqual({ status: 201, is: 'ineligible' });
    expect(body.failedChecks.map((one) => one.code)).toEqual(['not_site_admin', 'not_account_owner', 'not_connected']);
    for (const { remedy } of body.failedChecks) expect(remedy).toMatch(/^(Ask|Enable) .+\.$/);
    expect(await sees(devi, body.id)).toMatchObject({ status: 'ineligible' });
  });

  test('while a role cannot be read at its source is answered 503, and can be asked again', async () => {
    world.github.faults.add({ kind: 'bad-gateway' });
    const key = randomUUID();
    const ask = () => ada.post(PATH, { instanceId }, { key });
    expect(await ask()).toMatchObject({ status: 503, code: 'proof_unavailable' });
    world.github.faults.clear();
    // That one was closed: sent again with its key, it is another.
    const again = await ask();
    expect(again).toMatchObject({ status: 201, body: { status: 'logged', previousId: expect.any(String) } });
    expect(await ask()).toMatchObject({ status: 201, body: again.body });
  });

  test('a second time while one is open is refused, by anybody, with the one that is open', async () => {
    const { id } = await logged();
    for (const who of [ada, ines]) {
      const again = await changesNothing(world.pool, () => asks(who));
      expect(again).toMatchObject({ status: 409, code: 'request_open', body: { facts: { requestId: id } } });
    }
  });

  test('again after one has ended is linked to it', async () => {
    const first = await logged();
    expect(await first.act(ada, 'withdraw')).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
    const second = await logged(ines);
    expect(await sees(ines, second.id)).toMatchObject({ previousId: first.id });
  });
});

describe('support', () => {
  test('works a request off its queue: claims it, contacts, asks, is answered and approves', async () => {
    const { id, act } = await logged();
    const queue = () => world.support.get<{ items: Shown[] }>(PATH);
    expect((await queue()).body.items.map((one) => one.id)).toEqual([id]);
    const claimed = await act(world.support, 'claim');
    expect(claimed.body['handler']).toMatch(/^token:/);
    const colleague = `token:${randomUUID()}`;
    expect(await act(world.support, 'assign', { staff: colleague })).toMatchObject({ body: { handler: colleague } });
    expect(await act(world.support, 'contacts', { note: 'Called them.' })).toMatchObject({
      body: { status: 'contacted' },
    });
    expect(await act(world.support, 'information-requests', { note: 'Which plan?' })).toMatchObject({
      body: { informationAsked: true },
    });
    expect(await act(ada, 'information', { note: 'The large one.' })).toMatchObject({
      body: { informationAsked: false },
    });
    expect(await act(world.support, 'approve', { note: 'Signed.' })).toMatchObject({
      status: 200,
      body: { status: 'approved', decidedByTerms: false, instructionsUrl: '/docs/enabling' },
    });
    expect(await sharingIs()).toBe('available');
    expect((await queue()).body.items).toEqual([]);
    const notes = async (who: Caller) => (await sees(who, id)).notes.map((one) => one.text);
    expect(await notes(world.support)).toEqual(['Called them.', 'Which plan?', 'The large one.', 'Signed.']);
    // What support writes for itself is not the requester's to read.
    expect(await notes(ada)).toEqual(['Which plan?', 'The large one.']);
  });

  test('denies, and nothing becomes available', async () => {
    const { act } = await logged();
    await act(world.support, 'contacts', NOTE);
    expect(await act(world.support, 'deny', NOTE)).toMatchObject({ status: 200, body: { status: 'denied' } });
    expect(await sharingIs()).toBe('unavailable');
  });

  test('looks at the terms again: approved by terms once they are standard', async () => {
    const { act } = await logged();
    expect(await act(world.support, 'recheck')).toMatchObject({ body: { status: 'logged' } });
    await terms('standard');
    expect(await act(world.support, 'recheck')).toMatchObject({ body: { status: 'approved', decidedByTerms: true } });
  });

  test('reads its queue page by page, by when the first contact is due, and by status', async () => {
    await world.pool.query(
      `insert into access_request (id, instance_id, requester_source_user_id, requester_source_created_at,
         requester_github_user_id, status, contact_due_at, created_at)
       select gen_random_uuid(), $1, 1, now(), 1, 'denied', timestamptz '2027-01-01' - make_interval(days => n), now()
       from generate_series(1, 5) n`,
      [instanceId],
    );
    const read = async (query: string) =>
      (await world.support.get<{ items: Shown[]; next?: string }>(`${PATH}?${query}`)).body;
    const pages: Shown[][] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: { items: Shown[]; next?: string } = await read(`status=denied&limit=2${after && `&after=${after}`}`);
      pages.push(page.items);
      after = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    const due = pages.flat().map((one) => one['contactDueAt'] as string);
    expect(due).toEqual(due.toSorted((a, b) => a.localeCompare(b)));
    expect((await read('')).items).toEqual([]);
  });
});

describe('what is refused leaves the request as it is', () => {
  test('a decision before the first contact, and one without a note', async () => {
    const { act } = await logged();
    for (const name of ['approve', 'deny']) {
      const early = await changesNothing(world.pool, () => act(world.support, name, NOTE));
      expect(early).toMatchObject({ status: 409, code: 'request_wrong_state' });
    }
    await act(world.support, 'contacts', NOTE);
    for (const name of ['approve', 'deny', 'contacts', 'information-requests']) {
      for (const note of ['', '  \n']) {
        const empty = await changesNothing(world.pool, () => act(world.support, name, { note }));
        expect(empty).toMatchObject({ status: 400, code: 'note_required' });
      }
    }
    const unasked = await changesNothing(world.pool, () => act(ada, 'information', NOTE));
    expect(unasked).toMatchObject({ status: 409, code: 'request_wrong_state' });
  });

  test('a decision after expiry', async () => {
    const { id, act } = await logged();
    await act(world.support, 'contacts', NOTE);
    // The timer has not come by yet: the clock alone says that it is over.
    world.setClock(new Date(addDaysTo(new Date().toISOString(), 31)));
    for (const name of ['approve', 'deny']) {
      const late = await changesNothing(world.pool, () => act(world.support, name, NOTE));
      expect(late).toMatchObject({ status: 409, code: 'request_closed' });
    }
    expect((await sees(world.support, id)).status).toBe('contacted');
  });

  test('an act on one that has ended', async () => {
    const { act } = await logged();
    await act(ada, 'withdraw');
    for (const [who, name, body] of [
      [world.support, 'claim', {}],
      [world.support, 'contacts', NOTE],
      [world.support, 'approve', NOTE],
      [ada, 'withdraw', {}],
      [ada, 'nudge', {}],
    ] as const) {
      const late = await changesNothing(world.pool, () => act(who, name, body));
      expect(late).toMatchObject({ status: 409, code: 'request_closed' });
    }
  });

  test('an approval of a requester who is not eligible any more, with every reason', async () => {
    const { act } = await logged();
    await act(world.support, 'contacts', NOTE);
    world.instance.people.change('ada', { siteAdmin: false });
    world.github.accounts.setMembership('acme', 'ada', { role: 'member', state: 'active' });
    const reply = await changesNothing(world.pool, () => act(world.support, 'approve', NOTE));
    expect(reply).toMatchObject({ status: 409, code: 'not_eligible' });
    const { failedChecks } = reply.body['facts'] as Pick<Shown, 'failedChecks'>;
    expect(failedChecks.map((one) => one.code)).toEqual(['not_site_admin', 'not_account_owner']);
  });

  test('a second nudge within 4 hours, with the time', async () => {
    const { act } = await logged();
    const nudged = await act(ada, 'nudge');
    const at = nudged.body['nudgedAt'] as string;
    const soon = await changesNothing(world.pool, () => act(ines, 'nudge'));
    expect(soon).toMatchObject({ status: 429, code: 'nudge_too_soon', body: { retryAt: addMs(at, 4 * HOUR_MS) } });
    world.setClock(new Date(addMs(at, 4 * HOUR_MS)));
    expect(await act(ines, 'nudge')).toMatchObject({ status: 200 });
  });

  test.each([
    ['a site administrator who owns no account', 'bruno', 'not_account_owner'],
    ['an owner who is no site administrator', 'chloe', 'not_site_admin'],
    ['a developer', 'devi', 'not_site_admin'],
  ])('an act or a look of %s', async (_, key, code) => {
    const { id, act } = await logged();
    const who = await world.person(key);
    for (const name of ['withdraw', 'nudge']) {
      expect(await changesNothing(world.pool, () => act(who, name))).toMatchObject({ status: 403, code });
    }
    expect(await who.get(`${PATH}/${id}`)).toMatchObject({ status: 403, code });
    expect(await act(who, 'approve', NOTE)).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

test('any eligible admin of the instance may withdraw, not only the requester', async () => {
  const { act } = await logged(ada);
  expect(await act(ines, 'withdraw')).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
});

test('what Temporal cannot take now is written down, answered 202, and taken up later', async () => {
  const { temporal } = world.deps;
  world.deps.temporal = {
    connection: {
      withDeadline: () => Promise.reject(Object.assign(new Error('down'), { code: 14, details: '', metadata: {} })),
    },
  } as never;
  const asked = await asks(ada);
  world.deps.temporal = temporal;
  expect(asked).toMatchObject({ status: 202, body: { status: 'checking' } });
  expect(await asks(ada)).toMatchObject({ status: 409, code: 'request_open' });
  expect((await sees(ada, asked.body.id)).status).toBe('checking');
});

test('two who ask at the same moment make one request', async () => {
  const replies = await Promise.all([asks(ada), asks(ines)]);
  expect(new Set(replies.map((one) => one.code ?? one.status))).toEqual(new Set([201, 'request_open']));
  expect((await world.pool.query(`select 1 from access_request where status <> 'expired'`)).rowCount).toBe(1);
  await eventually(
    async () => (await world.pool.query(`select 1 from access_request where status = 'logged'`)).rowCount === 1,
    'the request',
  );
});
