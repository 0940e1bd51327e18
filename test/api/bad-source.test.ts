import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import type { FaultInput, Lie } from '../../demo/peers/fault-kinds.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { ERRORS, type SourceFailure } from '../../src/domain/errors.ts';
import { eventually } from '../support/eventually.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import type { Caller } from './client.ts';
import { changesNothing } from './tables.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
let instanceId: string;
let emil: Caller;
let devi: Caller;
let path: string;
beforeAll(async () => {
  world = await createApiWorld(
    { UPDATE_NOW_EVERY: '0ms', SYNC_EVERY: '3650d' },
    { headersTimeoutMs: 1000, deadlineMs: 2000, maxBodyBytes: 100_000 },
  );
  stopWork = await startWork(world);
  instanceId = await world.register();
  await world.switchOn(instanceId);
  [emil, devi] = await Promise.all([world.person('emil'), world.person('devi')]);
  const made = await connects(devi, 'devi');
  path = made.headers.get('location')!;
  await devi.post(`${path}/send`, { consentVersion: CONSENT_VERSION });
  await eventually(async () => (await sent()).length > 0, 'the first counts');
});
afterAll(async () => {
  await stopWork();
  await world.close();
});
afterEach(() => world.instance.faults.clear());

const connects = (who: Caller, key: string) =>
  who.post('/api/v1/connections', { instanceId, token: DEMO_TOKENS.instance(key) });
const sent = async () => (await devi.get<{ days: unknown[] }>(`${path}/sent`)).body.days;

const lies = (lie: Lie): FaultInput => ({ kind: 'lying-counts', lie });

/** Of the whole instance, whatever it is asked. */
const EVERYWHERE: [what: string, fault: FaultInput, code: SourceFailure][] = [
  ['that hangs', { kind: 'hang' }, 'source_unreachable'],
  ['that breaks the connection', { kind: 'reset' }, 'source_unreachable'],
  ['that sends half an answer', { kind: 'cut-json' }, 'source_unreachable'],
  ['behind a gateway that cannot reach it', { kind: 'bad-gateway' }, 'source_unreachable'],
  ['that sends no end of an answer', { kind: 'huge-body' }, 'bad_answer'],
  ['that sends a page to sign in', { kind: 'not-json' }, 'bad_answer'],
  ['in maintenance', { kind: 'maintenance' }, 'maintenance'],
  ['that asks to slow down', { kind: 'too-many-requests', retryAfter: 30 }, 'rate_limited'],
  ['whose limit is used up', { kind: 'rate-limited', resetInSeconds: 30 }, 'rate_limited'],
  ['that no longer accepts the token', { kind: 'unauthorized' }, 'token_revoked'],
  ['to which the token lacks the scope', { kind: 'missing-scope' }, 'scope_missing'],
  ['that wants single sign-on', { kind: 'sso-required' }, 'sso_required'],
  ['on which the user is suspended', { kind: 'suspended' }, 'user_suspended'],
  ['on which the id belongs to another user by now', { kind: 'reused-id' }, 'identity_mismatch'],
];

/** Of the counts alone. */
const COUNTS: [what: string, fault: FaultInput, code: SourceFailure][] = [
  ['that says so in the body alone', { kind: 'graphql-rate-limited', resetInSeconds: 30 }, 'rate_limited'],
  ['that lies: a negative count', lies('negative'), 'bad_answer'],
  ['that lies: half a contribution', lies('fraction'), 'bad_answer'],
  ['that lies: a count as text', lies('text-count'), 'bad_answer'],
  ['that lies: a day twice', lies('duplicate-day'), 'bad_answer'],
  ['that lies: a day left out', lies('missing-day'), 'bad_answer'],
  ['that lies: a day that does not exist', lies('impossible-date'), 'bad_answer'],
  ['that lies: no days at all', lies('no-days'), 'bad_answer'],
  ['that answers about somebody else', lies('wrong-user'), 'identity_mismatch'],
];

const refusal = (code: SourceFailure) => ({
  code,
  status: ERRORS[code].status,
  body: { detail: expect.stringContaining('Nothing was changed') },
});

describe('an instance', () => {
  test.each(EVERYWHERE)('%s: nobody connects, and nothing is kept', async (_, fault, code) => {
    world.instance.faults.add(fault);
    expect(await changesNothing(world.pool, () => connects(emil, 'emil'))).toMatchObject(refusal(code));
  });

  test.each([...EVERYWHERE, ...COUNTS])('%s: who looks first is told, and nothing is kept', async (_, fault, code) => {
    world.instance.faults.add(fault);
    expect(await changesNothing(world.pool, () => devi.get(`${path}/preview`))).toMatchObject(refusal(code));
  });

  test.each([...EVERYWHERE, ...COUNTS])(
    '%s: an update now says why it failed, and every count stays',
    async (_, fault, code) => {
      const before = await sent();
      world.instance.faults.add(fault);
      expect(await devi.post(`${path}/update`)).toMatchObject(refusal(code));
      expect(await sent()).toEqual(before);
      expect((await devi.get(path)).body).toMatchObject({ status: 'sending', failure: { code } });
      world.instance.faults.clear();
      expect(await devi.post(`${path}/update`)).toMatchObject({ status: 200, body: { failure: null, observed: null } });
      expect(await sent()).toEqual(before);
    },
  );

  test('that is not there at all: every act is refused, and works again when it is back', async () => {
    await world.instance.goDown();
    expect(await changesNothing(world.pool, () => connects(emil, 'emil'))).toMatchObject(refusal('source_unreachable'));
    expect(await changesNothing(world.pool, () => devi.get(`${path}/preview`))).toMatchObject(
      refusal('source_unreachable'),
    );
    const before = await sent();
    expect(await devi.post(`${path}/update`)).toMatchObject(refusal('source_unreachable'));
    expect(await sent()).toEqual(before);
    await world.instance.comeUp();
    expect(await devi.post(`${path}/update`)).toMatchObject({ status: 200, body: { failure: null } });
  });

  test('that was ill: the same update, sent again with its key when it is well, is done', async () => {
    const update = () => devi.post(`${path}/update`, {}, { key: 'while-it-is-ill' });
    world.instance.faults.add({ kind: 'maintenance' });
    expect(await update()).toMatchObject(refusal('maintenance'));
    expect(await update()).toMatchObject(refusal('maintenance'));
    world.instance.faults.clear();
    expect(await update()).toMatchObject({ status: 200, body: { failure: null } });
  });

  test('that asks to slow down says for how long', async () => {
    world.instance.faults.add({ kind: 'too-many-requests', retryAfter: 30 });
    const reply = await connects(emil, 'emil');
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(20);
    expect(Date.parse(reply.body['retryAt'] as string)).toBeGreaterThan(Date.now() + 20_000);
  });
});

describe('a token', () => {
  test.each([
    ['that the instance does not know', 'gho_unknown', 'token_revoked'],
    ['of somebody else', DEMO_TOKENS.instance('devi'), 'identity_mismatch'],
  ] as const)('%s connects nobody', async (_, token, code) => {
    const reply = await changesNothing(world.pool, () => emil.post('/api/v1/connections', { instanceId, token }));
    expect(reply).toMatchObject(refusal(code));
  });

  test('that is refused does not take the place of the one that is kept', async () => {
    const token = DEMO_TOKENS.instance('emil');
    const reply = await changesNothing(world.pool, () => devi.post(`${path}/reconnect`, { token }));
    expect(reply).toMatchObject(refusal('identity_mismatch'));
    expect(await devi.post(`${path}/update`)).toMatchObject({ status: 200, body: { failure: null } });
  });

  test('that is new takes the place of the one that is kept', async () => {
    const token = world.instance.people.issueToken('devi', { value: 'gho_another_of_devi' });
    expect(await devi.post(`${path}/reconnect`, { token })).toMatchObject({ status: 200 });
    world.instance.people.revokeToken(DEMO_TOKENS.instance('devi'));
    expect(await devi.post(`${path}/update`)).toMatchObject({ status: 200, body: { failure: null } });
  });
});
