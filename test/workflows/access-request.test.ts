import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { DEMO_INSTANCE_HOST_NAME, startGitHubPeer, type GitHubPeer } from '../../demo/peers/github-peer.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { createAccessRequestActivities } from '../../src/activities/access-requests.ts';
import * as requests from '../../src/db/access-requests.ts';
import * as audit from '../../src/db/audit.ts';
import * as instances from '../../src/db/instances.ts';
import { listNotes, writeNote } from '../../src/db/notes.ts';
import * as outbox from '../../src/db/outbox.ts';
import { applySharing } from '../../src/db/sharing.ts';
import { createPool, inTransaction, type Pool } from '../../src/db/pool.ts';
import type { PoolClient } from 'pg';
import type { AccessRequest, RequestSettings } from '../../src/domain/access-request.ts';
import { addMs } from '../../src/domain/dates.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { accessRequest } from '../../src/workflows/access-request.ts';
import {
  accessRequestOf,
  accessRequestWorkflowId,
  approveUpdate,
  askInformationUpdate,
  assignUpdate,
  beginUpdate,
  contactUpdate,
  denyUpdate,
  giveInformationUpdate,
  nudgeUpdate,
  recheckUpdate,
  requestQuery,
  standingSignal,
  withdrawUpdate,
  type AccessRequestInput,
  type EarlyAnswer,
  type RequestActBy,
} from '../../src/workflows/access-request.messages.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import '../support/runtime.ts';
import { timeSkippingEnv } from '../support/time-skipping.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TASK_QUEUE = 'access-requests';

const settings: RequestSettings = {
  contactDue: { ms: 2 * DAY },
  expiryMs: 30 * DAY,
  remindEveryMs: DAY,
  reminders: 2,
  escalateAfterMs: DAY,
  escalations: 1,
  nudgeEveryMs: 4 * HOUR,
  instructionsUrl: 'https://example.com/enabling',
  // More than a busy machine needs for three answers.
  proofWithinMs: 10_000,
  proofRetryMs: 100,
};
/** For whoever waits for a source that does not answer. */
const impatient = { settings: { ...settings, proofWithinMs: 400 } };

let env: TestWorkflowEnvironment;
let database: TestDatabase;
let pool: Pool;
let instance: InstancePeer;
let github: GitHubPeer;
let authority: ReturnType<typeof createAuthority>;
let worker: Worker;
let running: Promise<void>;
let instanceId: string;
let accountId: string;

const cipher = createTokenCipher(`k1:${randomBytes(32).toString('base64')}`);

beforeAll(async () => {
  [env, database, instance, github] = await Promise.all([
    timeSkippingEnv(),
    createDatabase(),
    startInstancePeer(),
    startGitHubPeer(),
  ]);
  await registerSearchAttributes();
  pool = createPool({ url: database.url, max: 5, applicationName: 'test' });
  authority = createAuthority({ githubApiUrl: github.url, allowHttpLoopback: true });
  await startWorker();
}, 120_000);

async function startWorker(): Promise<void> {
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: await workflowBundle(cacheFolder()) },
    activities: createAccessRequestActivities({
      pool,
      db: { inTransaction, requests, instances, audit, outbox },
      authority,
      cipher,
      makeAvailable: (tx, id, by) =>
        applySharing(tx, id, {
          ...by,
          command: { type: 'approve' },
          settings: { connectGraceMs: DAY, connectLooks: 3 },
        }),
    }),
  });
  running = worker.run();
}

async function stopWorker(): Promise<void> {
  worker.shutdown();
  await running;
}

afterAll(async () => {
  await stopWorker();
  await Promise.all([env.teardown(), authority.close(), instance.close(), github.close(), pool.end()]);
  await database.drop();
});

beforeEach(registerInstance);

afterEach(() => {
  instance.faults.clear();
  github.faults.clear();
});

// The dev server has them registered when it starts; production by a command; this server asks for it here.
async function registerSearchAttributes(): Promise<void> {
  const types = temporal.api.enums.v1.IndexedValueType;
  await env.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [
        name,
        type === 'Keyword' ? types.INDEXED_VALUE_TYPE_KEYWORD : types.INDEXED_VALUE_TYPE_DATETIME,
      ]),
    ),
  });
}

/** An instance of its own for each test, all of them the same host to the peers. */
async function registerInstance(): Promise<void> {
  instanceId = randomUUID();
  accountId = randomUUID();
  await pool.query(`update account set slug = slug || '-' || id where slug = 'acme-inc'`);
  await pool.query(`update instance set hostname = id::text where hostname = $1`, [DEMO_INSTANCE_HOST_NAME]);
  const account = cipher.seal(DEMO_TOKENS.enterpriseOwner, accountId);
  await pool.query(
    `insert into account (id, kind, slug, terms, credential_ciphertext, credential_key_id)
     values ($1, 'enterprise', 'acme-inc', 'custom', $2, $3)`,
    [accountId, account.ciphertext, account.keyId],
  );
  await instances.insertInstance(pool, {
    id: instanceId,
    hostname: DEMO_INSTANCE_HOST_NAME,
    kind: 'ghes',
    baseUrl: instance.url,
    accountId,
    allowHttpLoopback: true,
    credential: cipher.seal(DEMO_TOKENS.instanceReader, instanceId),
  });
}

const now = async (): Promise<string> => new Date(await env.currentTimeMs()).toISOString();
const terms = (value: 'standard' | 'custom' | null) =>
  pool.query('update account set terms = $2 where id = $1', [accountId, value]);

interface Made {
  id: string;
  handle: WorkflowHandle<typeof accessRequest>;
  row(): Promise<requests.AccessRequestRow>;
  actions(): Promise<string[]>;
  messages(): Promise<string[]>;
  note(text: string): Promise<string>;
  act<Arg extends RequestActBy, Answer>(
    update: UpdateDefinition<Answer, [Arg]>,
    arg: Omit<Arg, keyof RequestActBy> & Partial<RequestActBy>,
  ): Promise<Answer>;
}

const requesterOf = (key: string) => {
  const { id, createdAt } = instance.people.get(key);
  return { sourceUserId: id, sourceCreatedAt: createdAt, githubUserId: github.people.get(key).id };
};

async function inserted(key: string): Promise<requests.AccessRequestRow> {
  const at = await now();
  const request = { id: randomUUID(), instanceId, requester: requesterOf(key), actor: `token:${key}`, at };
  return inTransaction(pool, (tx) => requests.insertRequest(tx, { ...request, operationId: randomUUID() }));
}

function inputOf(
  row: requests.AccessRequestRow,
  key: string,
  extra: Partial<AccessRequestInput> = {},
): AccessRequestInput {
  return { requestId: row.id, instanceId, requester: requesterOf(key), askedAt: row.createdAt, settings, ...extra };
}

/** What the API does when somebody requests access. */
async function requestAccess(
  key: string,
  extra: Partial<AccessRequestInput> = {},
): Promise<{ made: Made; answer: EarlyAnswer }> {
  const row = await inserted(key);
  const startWorkflowOperation = new WithStartWorkflowOperation(accessRequest, {
    workflowId: accessRequestWorkflowId(row.id),
    taskQueue: TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [inputOf(row, key, extra)],
  });
  const answer = await env.client.workflow.executeUpdateWithStart(beginUpdate, { startWorkflowOperation });
  return { made: madeOf(row.id), answer };
}

function madeOf(id: string): Made {
  const handle = env.client.workflow.getHandle<typeof accessRequest>(accessRequestWorkflowId(id));
  return {
    id,
    handle,
    row: async () => (await requests.findRequest(pool, id))!,
    async actions() {
      const { rows } = await pool.query<{ action: string }>(
        'select action from audit where subject_id = $1 order by id',
        [id],
      );
      return rows.map(({ action }) => action.replace('request.', ''));
    },
    async messages() {
      const { rows } = await pool.query<{ text: string }>(
        `select event || ' to ' || address as text from outbox where subject_id = $1 order by created_at, event, address`,
        [id],
      );
      return rows.map(({ text }) => text.replace('request.', ''));
    },
    async note(text) {
      const note = { id: randomUUID(), subjectKind: 'request', subjectId: id, author: 'staff:1', text } as const;
      await writeNote(pool, { ...note, at: await now() });
      return note.id;
    },
    async act(update, arg) {
      const by = { operationId: randomUUID(), actor: 'staff:1', asOf: await now() };
      return handle.executeUpdate(update, { args: [{ ...by, ...arg } as never] });
    },
  };
}

async function logged(key = 'ada', extra: Partial<AccessRequestInput> = {}): Promise<Made> {
  const { made, answer } = await requestAccess(key, extra);
  expect(answer.status).toBe('logged');
  return made;
}

async function contacted(key = 'ada', extra: Partial<AccessRequestInput> = {}): Promise<Made> {
  const made = await logged(key, extra);
  await made.act(contactUpdate, { noteId: await made.note('Called, they know the terms.') });
  return made;
}

const staff = { actor: 'staff:1', githubUserId: 1 };

/** The refusal behind a failed update: what the API turns into a problem. */
async function refusalOf(
  work: Promise<unknown>,
): Promise<{ code: string; facts: Record<string, unknown>; message: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  const { type, message, details } = error.cause;
  return { code: type!, message: message ?? '', facts: (details?.[0] ?? {}) as Record<string, unknown> };
}

describe('requesting access', () => {
  test('under standard terms answers at once with the instructions, and makes sharing available in the same act', async () => {
    await terms('standard');
    const { made, answer } = await requestAccess('ada');
    expect(answer).toEqual({ status: 'approved', instructionsUrl: settings.instructionsUrl });
    expect(await made.row()).toMatchObject({ status: 'approved', decidedByTerms: true });
    expect((await instances.loadInstance(pool, instanceId))!.sharing.status).toBe('available');
    expect(await made.actions()).toEqual(['made', 'approved_by_terms']);
    await made.handle.result();
  });

  test('under custom terms, or terms that nobody recorded, logs it for a person', async () => {
    for (const value of ['custom', null] as const) {
      await registerInstance();
      await terms(value);
      const { made, answer } = await requestAccess('ines');
      const row = await made.row();
      expect(answer).toEqual({ status: 'logged', contactDueAt: addMs(row.createdAt, 2 * DAY) });
      expect(row).toMatchObject({ status: 'logged', contactDueAt: addMs(row.createdAt, 2 * DAY) });
      expect(await made.messages()).toEqual(['logged to support']);
      expect(await made.handle.query(requestQuery)).toMatchObject({ status: 'logged' });
    }
  });

  test('lists every reason why it cannot be granted, with what to do', async () => {
    await pool.query(`update instance set sharing_status = 'available' where id = $1`, [instanceId]);
    github.accounts.setConnected('acme-inc', DEMO_INSTANCE_HOST_NAME, false);
    const { made, answer } = await requestAccess('devi');
    github.accounts.setConnected('acme-inc', DEMO_INSTANCE_HOST_NAME, true);
    expect(answer).toMatchObject({
      status: 'ineligible',
      failedChecks: [
        { code: 'not_site_admin', remedy: expect.stringContaining('site administrator') },
        { code: 'not_account_owner', remedy: expect.stringContaining('enterprise account') },
        { code: 'not_connected', remedy: expect.stringContaining('GitHub Connect') },
        { code: 'already_available', remedy: expect.any(String) },
      ],
    });
    expect((await made.row()).failedChecks).toHaveLength(4);
    await made.handle.result();
  });

  test('needs both roles: a site administrator who owns nothing, and an owner who administers nothing, are told so', async () => {
    const bruno = await requestAccess('bruno');
    expect(bruno.answer).toMatchObject({ failedChecks: [{ code: 'not_account_owner' }] });
    const chloe = await requestAccess('chloe');
    expect(chloe.answer).toMatchObject({ failedChecks: [{ code: 'not_site_admin' }] });
    expect((await chloe.made.row()).previousId).toBe(bruno.made.id);
  });

  test.each([
    ['the instance is down', () => instance.faults.add({ kind: 'bad-gateway' }, {})],
    ['the instance hangs', () => instance.faults.add({ kind: 'hang' }, {})],
    ['GitHub.com cuts its answers', () => github.faults.add({ kind: 'cut-json' }, {})],
  ])(
    'while %s is refused as unproved within seconds, keeps nothing open, and can be made again',
    async (_name, fail) => {
      fail();
      const refused = await refusalOf(requestAccess('ada', impatient));
      expect(refused.code).toBe('proof_unavailable');
      const [closed] = await requests.listRequestsOf(pool, instanceId, 10);
      expect(closed).toMatchObject({ status: 'ineligible', failedChecks: ['proof_unavailable'] });
      expect(await madeOf(closed!.id).messages()).toEqual([]);
      instance.faults.clear();
      github.faults.clear();
      const again = await logged();
      expect((await again.row()).previousId).toBe(closed!.id);
    },
  );

  test('gets through when the instance answers on a second try', async () => {
    instance.faults.add({ kind: 'bad-gateway' }, { times: 1 });
    expect((await requestAccess('ada')).answer.status).toBe('logged');
  });

  test('a second time while one is open is refused with the open one; with the same id it is the same request', async () => {
    const made = await logged();
    const refused = await inserted('ines').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'request_open', facts: { requestId: made.id } });
    const same = { id: made.id, instanceId, requester: requesterOf('ada'), actor: 'token:ada', at: await now() };
    const row = await inTransaction(pool, (tx) => requests.insertRequest(tx, { ...same, operationId: randomUUID() }));
    expect(row).toMatchObject({ id: made.id, status: 'logged' });
  });

  test('of an organization reads the connection that its operator recorded', async () => {
    const credential = cipher.seal(DEMO_TOKENS.installation('acme'), accountId);
    await pool.query(
      `update account set kind = 'organization', slug = 'acme', terms = 'standard', credential_ciphertext = $2 where id = $1`,
      [accountId, credential.ciphertext],
    );
    const { answer } = await requestAccess('ada');
    expect(answer).toMatchObject({ failedChecks: [{ code: 'not_connected' }] });
    await instances.recordConnect(pool, instanceId, true, await now());
    expect((await requestAccess('ada')).answer.status).toBe('approved');
    await pool.query(`update account set slug = id::text where id = $1`, [accountId]);
  });

  test('that was written down but never started is found after a minute and started by its id', async () => {
    const row = await inserted('ada');
    expect(await requests.orphanedRequests(pool, 10)).toEqual([]);
    await pool.query(`update access_request set recorded_at = recorded_at - interval '2 minutes'`);
    const [orphan, ...others] = await requests.orphanedRequests(pool, 10);
    expect(others).toEqual([]);
    expect({ ...orphan, settings }).toEqual(inputOf(row, 'ada'));
    const workflowId = accessRequestWorkflowId(row.id);
    expect(accessRequestOf(workflowId)).toBe(row.id);
    const args: [AccessRequestInput] = [{ ...orphan!, settings }];
    const handle = await env.client.workflow.start(accessRequest, { workflowId, taskQueue: TASK_QUEUE, args });
    expect(await handle.executeUpdate(beginUpdate)).toMatchObject({ status: 'logged' });
    expect(await requests.orphanedRequests(pool, 10)).toEqual([]);
  });

  test('whose row does not exist, or is closed already, closes itself and writes nothing', async () => {
    const made = await logged();
    await made.act(withdrawUpdate, {});
    await made.handle.result();
    for (const requestId of [randomUUID(), made.id]) {
      const input = inputOf(await made.row(), 'ada', { requestId });
      const startWorkflowOperation = new WithStartWorkflowOperation(accessRequest, {
        workflowId: accessRequestWorkflowId(requestId),
        taskQueue: TASK_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      });
      const begun = env.client.workflow.executeUpdateWithStart(beginUpdate, { startWorkflowOperation });
      expect((await refusalOf(begun)).code).toBe(requestId === made.id ? 'request_closed' : 'not_found');
      await madeOf(requestId).handle.result();
    }
    expect((await made.row()).status).toBe('withdrawn');
  });
});

describe('support', () => {
  test('claims, contacts and approves with a note; sharing is available and every step is on record', async () => {
    const made = await logged();
    await made.act(assignUpdate, { staff: 'staff:1' });
    await made.act(contactUpdate, { noteId: await made.note('Called.') });
    const noteId = await made.note('Contract amended.');
    const answer = await made.act(approveUpdate, { noteId, decider: staff });
    const row = await made.row();
    expect(answer).toEqual({ status: 'approved', version: row.version });
    expect(row).toMatchObject({ status: 'approved', handler: 'staff:1', decidedByTerms: false });
    expect((await instances.loadInstance(pool, instanceId))!.sharing.status).toBe('available');
    expect(await made.actions()).toEqual(['made', 'logged', 'assigned', 'contacted', 'approved']);
    expect((await listNotes(pool, made.id)).map(({ text }) => text)).toEqual(['Called.', 'Contract amended.']);
    const { rows } = await pool.query(
      `select detail from audit where subject_id = $1 and action = 'request.approved'`,
      [made.id],
    );
    expect(rows).toEqual([{ detail: { from: 'contacted', to: 'approved', noteId } }]);
    await made.handle.result();
  });

  test('cannot approve before a contact, without a note, or a request of their own, and nothing is written', async () => {
    const made = await logged();
    const noteId = await made.note('Looks fine.');
    expect((await refusalOf(made.act(approveUpdate, { noteId, decider: staff }))).code).toBe('request_wrong_state');
    await made.act(contactUpdate, { noteId });
    expect((await refusalOf(made.act(denyUpdate, { noteId: '', decider: staff }))).code).toBe('note_required');
    const own = { actor: 'staff:ada', githubUserId: requesterOf('ada').githubUserId };
    expect((await refusalOf(made.act(approveUpdate, { noteId, decider: own }))).code).toBe('own_request');
    expect(await made.actions()).toEqual(['made', 'logged', 'contacted']);
    await expect(writeNote(pool, { ...(await listNotes(pool, made.id))[0]!, text: ' ' })).rejects.toMatchObject({
      code: 'note_required',
    });
  });

  test('approving checks again: a role that was lost is named, one that cannot be read is refused, and it stays open', async () => {
    const made = await contacted('ines', { settings: { ...settings, proofWithinMs: 3_000 } });
    const noteId = await made.note('Fine.');
    github.accounts.setEnterpriseOwner('acme-inc', 'ines', false);
    const refused = await refusalOf(made.act(approveUpdate, { noteId, decider: staff }));
    github.accounts.setEnterpriseOwner('acme-inc', 'ines', true);
    expect(refused.code).toBe('not_eligible');
    expect(refused.facts['failedChecks']).toMatchObject([{ code: 'not_account_owner' }]);
    instance.faults.add({ kind: 'maintenance' }, {});
    expect((await refusalOf(made.act(approveUpdate, { noteId, decider: staff }))).code).toBe('proof_unavailable');
    instance.faults.clear();
    expect((await made.row()).status).toBe('contacted');
    expect((await made.act(approveUpdate, { noteId, decider: staff })).status).toBe('approved');
  });

  test('denies, and whoever asks again is linked to the earlier request', async () => {
    const made = await contacted();
    expect(await made.act(denyUpdate, { noteId: await made.note('No.'), decider: staff })).toMatchObject({
      status: 'denied',
    });
    expect(await made.messages()).toEqual(['logged to support', 'denied to requester']);
    const again = await logged('ines');
    expect((await again.row()).previousId).toBe(made.id);
  });

  test('re-checks when the terms have become standard: approved by terms, else nothing changes', async () => {
    const made = await logged();
    const before = await made.row();
    expect(await made.act(recheckUpdate, {})).toEqual({ status: 'logged', version: before.version });
    await terms('standard');
    expect(await made.act(recheckUpdate, {})).toMatchObject({ status: 'approved' });
    expect(await made.row()).toMatchObject({ status: 'approved', decidedByTerms: true });
  });
});

test('an act is answered only once it is written, and a read after the answer shows it', async () => {
  const made = await logged();
  const blocker = await pool.connect();
  await blocker.query('begin');
  await blocker.query('select 1 from access_request where id = $1 for update', [made.id]);
  let answered = false;
  const answer = made.act(withdrawUpdate, {}).finally(() => (answered = true));
  await blocked(blocker);
  expect(answered).toBe(false);
  expect((await made.row()).status).toBe('logged');
  await blocker.query('commit');
  blocker.release();
  const { version } = await answer;
  expect(await made.row()).toMatchObject({ status: 'withdrawn', version });
});

/** Waits until a transaction waits for one of this client's locks. */
async function blocked(holder: PoolClient): Promise<void> {
  const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
  // Asked elsewhere: within a transaction the list of sessions stays as it was first seen.
  const waiting = () =>
    pool.query('select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [rows[0]!.pid]);
  await eventually(async () => (await waiting()).rowCount! > 0, 'a transaction waits for the lock');
}

test('a history holds no login, no note and no credential', async () => {
  const made = await contacted();
  await made.act(approveUpdate, { noteId: await made.note('Contract of Acme amended.'), decider: staff });
  await made.handle.result();
  const history = payloadsIn(await made.handle.fetchHistory()).join('\n');
  expect(history).toContain('"status":"approved"');
  const person = [instance.people.get('ada'), github.people.get('ada')].flatMap(({ login, name }) => [login, name]);
  const secrets = [...person, 'Contract', 'Called', DEMO_TOKENS.enterpriseOwner, DEMO_TOKENS.instanceReader];
  for (const secret of secrets) expect(history).not.toContain(secret);
});

/** The text of every payload, and all other text. */
function payloadsIn(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(payloadsIn);
}

describe('the requester', () => {
  test('is asked for information, gives it, nudges once in four hours, and withdraws', async () => {
    const made = await logged();
    expect((await refusalOf(made.act(giveInformationUpdate, { noteId: await made.note('?') }))).code).toBe(
      'request_wrong_state',
    );
    await made.act(askInformationUpdate, { noteId: await made.note('Which contract?') });
    expect((await made.row()).informationAsked).toBe(true);
    await made.act(giveInformationUpdate, { noteId: await made.note('Number 7.') });
    await made.act(nudgeUpdate, {});
    const { nudgedAt } = await made.row();
    const refused = await refusalOf(made.act(nudgeUpdate, {}));
    expect(refused).toMatchObject({ code: 'nudge_too_soon', facts: { retryAt: addMs(nudgedAt!, 4 * HOUR) } });
    await env.sleep(4 * HOUR);
    await made.act(nudgeUpdate, {});
    await made.act(withdrawUpdate, {});
    expect((await made.row()).status).toBe('withdrawn');
    expect(await made.actions()).toEqual([
      'made',
      'logged',
      'information_asked',
      'information_given',
      'nudged',
      'nudged',
      'withdrawn',
    ]);
    await made.handle.result();
  });
});

describe('time', () => {
  test('reminds, escalates and expires, each at most once, on record as the system', async () => {
    const made = await logged();
    await env.sleep(2 * DAY + HOUR);
    await made.act(assignUpdate, { staff: 'staff:2' });
    await env.sleep(40 * DAY);
    await made.handle.result();
    expect((await made.row()).status).toBe('expired');
    expect(await made.messages()).toEqual([
      'logged to support',
      'contact_due to support',
      'assigned to handler',
      'contact_due to handler',
      'contact_overdue to escalation',
      'expired to handler',
      'expired to requester',
    ]);
    const { rows } = await pool.query(
      `select distinct actor from audit where subject_id = $1 and action in
       ('request.reminded', 'request.escalated', 'request.expired', 'request.logged')`,
      [made.id],
    );
    expect(rows).toEqual([{ actor: 'system' }]);
  });

  test('reminds nobody after the contact, and the 30 days count from the last act', async () => {
    const made = await contacted();
    await env.sleep(29 * DAY);
    await made.act(nudgeUpdate, {});
    await env.sleep(29 * DAY);
    expect((await made.row()).status).toBe('contacted');
    await env.sleep(2 * DAY);
    await made.handle.result();
    expect((await made.row()).status).toBe('expired');
    expect((await made.messages()).filter((text) => text.startsWith('contact_'))).toEqual([]);
  });
});

describe('two who decide at the same moment', () => {
  /** An update that its workflow has taken in, behind whatever it is doing now. */
  async function takenIn<Arg extends RequestActBy>(
    made: Made,
    update: UpdateDefinition<unknown, [Arg]>,
    arg: Omit<Arg, keyof RequestActBy> & Partial<RequestActBy>,
  ): Promise<() => Promise<unknown>> {
    const by = { operationId: randomUUID(), actor: 'staff:2', asOf: await now() };
    const options = { args: [{ ...by, ...arg }] as never, waitForStage: 'ACCEPTED' } as const;
    const handle = await made.handle.startUpdate(update, options);
    return () => handle.result();
  }

  /** Nothing of the request can be written until it is given back. */
  async function rowLocked(made: Made): Promise<{ waits: () => Promise<void>; giveBack: () => Promise<void> }> {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('select 1 from access_request where id = $1 for update', [made.id]);
    return {
      waits: () => blocked(client),
      async giveBack() {
        await client.query('commit');
        client.release();
      },
    };
  }

  const approval = async (made: Made) => ({ noteId: await made.note('Fine.'), decider: staff });
  const OTHERS = {
    'a withdrawal': async (made: Made) => takenIn(made, withdrawUpdate, {}),
    'a colleague’s denial': async (made: Made) =>
      takenIn(made, denyUpdate, { noteId: await made.note('No.'), decider: { actor: 'staff:2' } }),
    'a colleague’s approval': async (made: Made) =>
      takenIn(made, approveUpdate, { noteId: await made.note('Yes.'), decider: { actor: 'staff:2' } }),
  };
  const sharing = async () => (await instances.loadInstance(pool, instanceId))!.sharing.status;

  test.each(Object.entries(OTHERS))('an approval that is first stands against %s', async (_, other) => {
    const made = await contacted();
    const hold = instance.faults.hold({}, 'arrival');
    const approved = made.act(approveUpdate, await approval(made));
    await hold.waiting();
    const second = await other(made);
    hold.release();
    expect(await approved).toMatchObject({ status: 'approved' });
    expect((await refusalOf(second())).code).toBe('request_closed');
    expect(await made.actions()).toEqual(['made', 'logged', 'contacted', 'approved']);
    expect(await sharing()).toBe('available');
  });

  test.each(Object.entries(OTHERS).slice(0, 2))('an approval that comes after %s is refused', async (_, other) => {
    const made = await contacted();
    const row = await rowLocked(made);
    const first = await other(made);
    await row.waits();
    const approved = await takenIn(made, approveUpdate, await approval(made));
    await row.giveBack();
    expect(await first()).toMatchObject({ status: expect.stringMatching(/withdrawn|denied/) });
    expect((await refusalOf(approved())).code).toBe('request_closed');
    expect(await sharing()).toBe('unavailable');
  });

  test('an approval that is asked for before the end, and checked past it, stands, and nothing expires', async () => {
    const again = { proofWithinMs: 10 * 60_000, proofRetryMs: 2 * 60_000 };
    const made = await contacted('ada', { settings: { ...settings, ...again } });
    await env.sleep(30 * DAY - 60_000);
    instance.faults.add({ kind: 'bad-gateway' }, { times: 1 });
    const approved = made.act(approveUpdate, await approval(made));
    await eventually(async () => instance.faults.active().length === 0, 'the first check');
    await env.sleep(5 * 60_000);
    expect(await approved).toMatchObject({ status: 'approved' });
    await made.handle.result();
    expect(await made.actions()).toEqual(['made', 'logged', 'contacted', 'approved']);
  });

  test('an approval that is asked for before the end, and comes when the request is expiring, is refused', async () => {
    const made = await contacted();
    const { expiresAt } = await made.row();
    const row = await rowLocked(made);
    await env.sleep(30 * DAY + 1000);
    await row.waits();
    const asOf = addMs(expiresAt!, -1);
    const approved = await takenIn(made, approveUpdate, { ...(await approval(made)), asOf });
    await row.giveBack();
    expect((await refusalOf(approved())).code).toBe('request_closed');
    expect(await made.actions()).toEqual(['made', 'logged', 'contacted', 'expired']);
    expect(await sharing()).toBe('unavailable');
  });
});

test('an operator finds in Temporal where a request stands and when something happens next', async () => {
  const made = await logged();
  const attributes = async () => (await made.handle.describe()).searchAttributes;
  const { contactDueAt } = await made.row();
  expect(await attributes()).toEqual({
    UcStatus: ['logged'],
    UcDueAt: [new Date(contactDueAt!)],
    UcInstance: [instanceId],
  });
  await made.act(withdrawUpdate, {});
  await made.handle.result();
  expect(await attributes()).toMatchObject({ UcStatus: ['withdrawn'], UcInstance: [instanceId] });
});

describe('an act that is sent again', () => {
  test('gives the same answer and is done once, at the same time or later', async () => {
    const made = await logged();
    const by = { operationId: randomUUID() };
    const [one, two] = await Promise.all([made.act(nudgeUpdate, by), made.act(nudgeUpdate, by)]);
    expect(two).toEqual(one);
    expect(await made.act(nudgeUpdate, by)).toEqual(one);
    expect(await made.actions()).toEqual(['made', 'logged', 'nudged']);
  });

  test('so long after that its answer is forgotten changes nothing', async () => {
    const made = await logged();
    const first = { operationId: randomUUID(), staff: 'staff:1' };
    await made.act(assignUpdate, first);
    for (let turn = 0; turn < 51; turn += 1) await made.act(assignUpdate, { staff: `staff:${turn + 2}` });
    const before = await made.row();
    expect(await made.act(assignUpdate, first)).toEqual({ status: 'logged', version: before.version });
    expect(await made.row()).toEqual(before);
    expect(await made.handle.query(requestQuery)).toMatchObject({ handler: 'staff:52' });
  });
});

describe('a long history', () => {
  test('continues as new: state, deadlines and remembered answers cross, and nothing is sent twice', async () => {
    const made = await logged('ada', { maxEvents: 25 });
    const by = { operationId: randomUUID(), noteId: await made.note('Called.') };
    const answer = await made.act(contactUpdate, by);
    for (let turn = 0; turn < 8; turn += 1) await made.act(assignUpdate, { staff: `staff:${turn}` });
    const { runId } = await made.handle.describe();
    expect(await made.act(contactUpdate, by)).toEqual(answer);
    const first = await env.client.workflow.getHandle(made.handle.workflowId, (await firstRun(made)).runId).describe();
    expect(first.status.name).toBe('CONTINUED_AS_NEW');
    expect(runId).not.toBe(first.runId);
    await env.sleep(31 * DAY);
    await made.handle.result();
    expect(await made.row()).toMatchObject({ status: 'expired', handler: 'staff:7' });
    expect((await made.actions()).filter((action) => action === 'expired')).toHaveLength(1);
  });

  test('continues as new in every open state, and loses no deadline, no reminder, no answer and no wait', async () => {
    const made = await logged('ada', { maxEvents: 8 });
    const continuing = async (work: () => Promise<unknown>) => {
      const { runId } = await made.handle.describe();
      await work();
      await eventually(async () => (await made.handle.describe()).runId !== runId, 'it continues as new');
    };
    await continuing(() => env.sleep(2 * DAY + HOUR));
    const reminded = (times: number) =>
      eventually(
        async () => (await made.actions()).filter((action) => action === 'reminded').length === times,
        'reminded',
      );
    await reminded(1);
    await continuing(async () => made.act(askInformationUpdate, { noteId: await made.note('Which contract?') }));
    // Nobody is reminded while an answer is awaited, and the one that is due since is sent once.
    await env.sleep(DAY);
    await continuing(async () => made.act(giveInformationUpdate, { noteId: await made.note('Number 7.') }));
    await reminded(2);
    await continuing(() => made.act(nudgeUpdate, {}));
    expect((await refusalOf(made.act(nudgeUpdate, {}))).code).toBe('nudge_too_soon');
    await continuing(async () => made.act(contactUpdate, { noteId: await made.note('Called.') }));
    await env.sleep(29 * DAY);
    expect((await made.row()).status).toBe('contacted');
    await env.sleep(2 * DAY);
    await made.handle.result();
    const done = ['reminded', 'information_asked', 'information_given', 'reminded', 'nudged', 'contacted', 'expired'];
    expect(await made.actions()).toEqual(['made', 'logged', ...done]);
  });
});

describe('a workflow that knows something else than its row, since one of them was restored to an earlier moment,', () => {
  /** What the workflow knew at a moment. */
  async function known(made: Made): Promise<NonNullable<AccessRequestInput['carried']>> {
    const { version } = await made.row();
    return { schemaVersion: 1, request: await made.handle.query(requestQuery), version, recent: [] };
  }

  async function restore(made: Made, carried: NonNullable<AccessRequestInput['carried']>): Promise<void> {
    await made.handle.terminate();
    const input = inputOf(await made.row(), 'ada', { carried });
    await env.client.workflow.start(accessRequest, {
      workflowId: made.handle.workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
    });
  }

  const knows = (made: Made, part: Partial<AccessRequest>) =>
    eventually(async () => {
      const state = await made.handle.query(requestQuery);
      return Object.entries(part).every(([name, value]) => state[name as keyof AccessRequest] === value);
    }, JSON.stringify(part));

  test('restored before a reminder and a claim takes over both, and sends the next reminder once', async () => {
    const made = await logged();
    const earlier = await known(made);
    await env.sleep(2 * DAY + HOUR);
    await made.act(assignUpdate, { staff: 'staff:2' });
    await restore(made, earlier);
    await knows(made, { handler: 'staff:2', reminders: 1 });
    await env.sleep(DAY);
    expect(await made.actions()).toEqual(['made', 'logged', 'reminded', 'assigned', 'reminded']);
    expect((await made.handle.describe()).historyLength).toBeLessThan(40);
    await made.act(withdrawUpdate, {});
  });

  test('restored before a contact, with a reminder that was due since, goes on as contacted and can be approved', async () => {
    const made = await logged();
    const earlier = await known(made);
    await made.act(contactUpdate, { noteId: await made.note('Called.') });
    await env.sleep(2 * DAY + HOUR);
    await restore(made, earlier);
    await knows(made, { status: 'contacted' });
    const noteId = await made.note('Fine.');
    expect(await made.act(approveUpdate, { noteId, decider: staff })).toMatchObject({ status: 'approved' });
    expect(await made.messages()).not.toContain('contact_due to support');
  });

  test('does the next act on what the row says, not over it', async () => {
    const made = await logged();
    const earlier = await known(made);
    await made.act(assignUpdate, { staff: 'staff:2' });
    await restore(made, earlier);
    await made.act(nudgeUpdate, {});
    expect(await made.row()).toMatchObject({ handler: 'staff:2', nudgedAt: expect.any(String) });
    expect(await made.messages()).toEqual(['logged to support', 'assigned to handler', 'nudged to handler']);
    await made.act(withdrawUpdate, {});
  });

  test('restored before it was decided ends as its row did, and writes nothing', async () => {
    const made = await logged();
    const earlier = await known(made);
    await made.act(withdrawUpdate, {});
    const row = await made.row();
    await made.handle.result();
    await env.sleep(2 * DAY + HOUR);
    const input = inputOf(row, 'ada', { carried: earlier });
    await env.client.workflow.start(accessRequest, {
      workflowId: made.handle.workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
    });
    await made.handle.result();
    expect(await made.row()).toEqual(row);
  });

  test('and whose row is not there any more, ends when something is due, and does not fail', async () => {
    const made = await logged();
    await pool.query('delete from access_request where id = $1', [made.id]);
    await env.sleep(2 * DAY + HOUR);
    await made.handle.result();
    expect((await made.handle.describe()).status.name).toBe('COMPLETED');
  });

  test('restored before its checks were written answers what they said then', async () => {
    instance.faults.add({ kind: 'bad-gateway' }, {});
    await refusalOf(requestAccess('ada', impatient));
    instance.faults.clear();
    const [row] = await requests.listRequestsOf(pool, instanceId, 1);
    const startWorkflowOperation = new WithStartWorkflowOperation(accessRequest, {
      workflowId: accessRequestWorkflowId(row!.id),
      taskQueue: TASK_QUEUE,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [inputOf(row!, 'ada')],
    });
    const begun = env.client.workflow.executeUpdateWithStart(beginUpdate, { startWorkflowOperation });
    expect((await refusalOf(begun)).code).toBe('proof_unavailable');
  });

  test('is told by a sweep that its row is newer, and ignores what it knows', async () => {
    const made = await logged();
    const earlier = await known(made);
    await made.act(askInformationUpdate, { noteId: await made.note('Which?') });
    const later = await known(made);
    await restore(made, earlier);
    await made.handle.signal(standingSignal, later);
    await knows(made, { informationAsked: true });
    await made.handle.signal(standingSignal, earlier);
    await knows(made, { informationAsked: true });
    await env.sleep(3 * DAY);
    expect(await made.messages()).not.toContain('contact_due to support');
    await made.act(withdrawUpdate, {});
  });
});

test('an open request is looked at again after two hours, from its row, and not before', async () => {
  const made = await logged();
  await env.sleep(2 * DAY + HOUR);
  await made.act(assignUpdate, { staff: 'staff:2' });
  const mine = async () => (await requests.orphanedRequests(pool, 100)).find((one) => one.requestId === made.id);
  expect(await mine()).toBeUndefined();
  await pool.query(`update access_request set recorded_at = recorded_at - interval '3 hours'`);
  const { version } = await made.row();
  expect((await mine())!.standing).toEqual({ request: await made.handle.query(requestQuery), version });
  await requests.markLookedAt(pool, made.id);
  expect(await mine()).toBeUndefined();
  await pool.query(`update access_request set looked_at = looked_at - interval '3 hours'`);
  expect(await mine()).toBeDefined();
  await made.act(withdrawUpdate, {});
  expect(await mine()).toBeUndefined();
});

async function firstRun(made: Made): Promise<{ runId: string }> {
  const history = await made.handle.fetchHistory();
  return { runId: history.events![0]!.workflowExecutionStartedEventAttributes!.firstExecutionRunId! };
}
