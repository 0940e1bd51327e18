import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { hashOf, SESSION_COOKIE } from '../../src/api/cookies.ts';
import { allRoutes } from '../../src/api/routes/index.ts';
import { inTransaction } from '../../src/db/pool.ts';
import { startSession } from '../../src/db/sessions.ts';
import { eventually } from '../support/world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { answered, type Caller, type Reply } from './client.ts';
import { startWork } from './workers.ts';

let world: ApiWorld;
let stopWork: () => Promise<void>;
beforeAll(async () => {
  world = await createApiWorld();
  stopWork = await startWork(world);
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

type Shown = Record<string, unknown> & { id: string; status: string };
type Who = 'operator' | 'support' | 'anyone' | 'ada' | 'devi' | 'devi as hana';
const met = { accountId: '', instanceId: '', requestId: '', connectionId: '', profileId: '' };

async function callerFor(who: Who): Promise<Caller> {
  if (who === 'devi as hana') return world.person('devi', 'hana');
  return who === 'ada' || who === 'devi' ? world.person(who) : world[who];
}

/** Every answer is held against the operation's own schemas by the client. */
async function reads(who: Who, path: () => string): Promise<Reply<Shown>> {
  const reply = await (await callerFor(who)).get<Shown>(path());
  expect(reply.status).toBe(200);
  return reply;
}

/**
 * Sends a request, takes the answer away as if the process had died before it kept it, and sends the same request again:
 * it is the same act, so it succeeds and nothing is done or recorded a second time.
 */
async function writes(
  who: Who,
  method: 'post' | 'put',
  path: () => string,
  bodyOf: () => object = () => ({}),
  until: () => Promise<unknown> = async () => undefined,
) {
  const [caller, key, body] = [await callerFor(who), randomUUID(), bodyOf()];
  const first = await caller[method]<Shown>(path(), body, { key });
  expect(SUCCESS).toContain(first.code ?? first.status);
  await world.pool.query(
    `update idempotency set state = 'in_progress', status = null, answer = null, location = null, locked_at = '-infinity'
     where key = $1`,
    [key],
  );
  await until();
  const before = await actsOfPeople();
  const again = await caller[method]<Shown>(path(), body, { key });
  expect(SUCCESS).toContain(again.code ?? again.status);
  expect(again.body).toMatchObject(idOf(first.body));
  expect(await actsOfPeople()).toEqual(before);
  return first;
}

const SUCCESS: unknown[] = [200, 201, 202];
const idOf = ({ id }: { id?: string }) => (id === undefined ? {} : { id });

async function actsOfPeople() {
  const { rows } = await world.pool.query(
    `select subject_id, action, operation_id from audit where actor <> 'system' order by id`,
  );
  return rows;
}

const request = () => `/api/v1/access-requests/${met.requestId}`;
const instance = () => `/api/v1/instances/${met.instanceId}`;
const connection = () => `/api/v1/connections/${met.connectionId}`;
const profile = () => `/api/v1/profiles/${met.profileId}`;
const note = () => ({ note: 'What was said.' });

async function asksForAccess(): Promise<void> {
  const asked = await writes(
    'ada',
    'post',
    () => '/api/v1/access-requests',
    () => ({ instanceId: met.instanceId }),
  );
  met.requestId = asked.body.id;
  expect(asked.body.status).toBe('logged');
}

/** The whole story in order; each step is named by its operation. */
const STORY: Record<string, () => Promise<unknown>> = {
  getHealth: () => reads('anyone', () => '/healthz'),
  getReadiness: () => reads('anyone', () => '/readyz'),
  getMetrics: () => reads('anyone', () => '/metrics'),
  getOpenApi: () => reads('anyone', () => '/openapi.json'),
  getDocs: () => reads('anyone', () => '/docs'),
  getEnablingPage: () => reads('anyone', () => '/docs/enabling'),
  getProblemPage: () => reads('anyone', () => '/problems/not_found'),

  async registerAccount() {
    const credential = DEMO_TOKENS.installation('acme');
    const body = () => ({ kind: 'organization', slug: 'acme', credential });
    met.accountId = (await writes('operator', 'post', () => '/api/v1/accounts', body)).body.id;
  },
  listAccounts: () => reads('operator', () => '/api/v1/accounts'),
  setTerms: () =>
    writes(
      'support',
      'put',
      () => `/api/v1/accounts/${met.accountId}/terms`,
      () => ({ terms: 'custom' }),
    ),
  async registerInstance() {
    const body = () => ({
      hostname: 'ghes.acme.example',
      kind: 'ghes',
      baseUrl: world.instance.url,
      accountId: met.accountId,
      allowHttpLoopback: true,
      credential: DEMO_TOKENS.instanceReader,
      oauth: { clientId: 'Iv1.demo', clientSecret: 'demo' },
    });
    met.instanceId = (await writes('operator', 'post', () => '/api/v1/instances', body)).body.id;
  },
  replaceCredentials: () =>
    writes(
      'operator',
      'put',
      () => `${instance()}/credentials`,
      () => ({ oauth: { clientId: 'Iv1.demo', clientSecret: 'another' } }),
    ),
  setNetwork: () =>
    writes(
      'operator',
      'put',
      () => `${instance()}/network`,
      () => ({ allowPrivateNetwork: true }),
    ),
  listInstances: () => reads('operator', () => '/api/v1/instances'),
  getInstance: () => reads('support', instance),
  recordConnect: () =>
    writes(
      'operator',
      'put',
      () => `${instance()}/connect`,
      () => ({ connected: true }),
    ),

  requestAccess: asksForAccess,
  listAccessRequests: () => reads('support', () => '/api/v1/access-requests'),
  claimAccessRequest: () => writes('support', 'post', () => `${request()}/claim`),
  assignAccessRequest: () =>
    writes(
      'support',
      'post',
      () => `${request()}/assign`,
      () => ({ staff: `token:${randomUUID()}` }),
    ),
  nudgeSupport: () => writes('ada', 'post', () => `${request()}/nudge`),
  logContact: () => writes('support', 'post', () => `${request()}/contacts`, note),
  askForInformation: () => writes('support', 'post', () => `${request()}/information-requests`, note),
  giveInformation: () => writes('ada', 'post', () => `${request()}/information`, note),
  recheckAccessRequest: () => writes('support', 'post', () => `${request()}/recheck`),
  denyAccessRequest: () => writes('support', 'post', () => `${request()}/deny`, note),
  async eraseRequestNotes() {
    const left = await writes('support', 'post', () => `${request()}/erase-notes`);
    expect(left.body['notes']).toEqual([]);
  },
  async withdrawAccessRequest() {
    await asksForAccess();
    await writes('ada', 'post', () => `${request()}/withdraw`);
  },
  async approveAccessRequest() {
    await asksForAccess();
    await writes('support', 'post', () => `${request()}/contacts`, note);
    await writes('support', 'post', () => `${request()}/approve`, note);
  },
  getAccessRequest: () => reads('ada', request),

  switchInstanceSide: () =>
    writes(
      'ada',
      'put',
      () => `${instance()}/sharing/instance-side`,
      () => ({ enabled: true }),
    ),
  switchAccountSide: () =>
    writes(
      'ada',
      'put',
      () => `${instance()}/sharing/account-side`,
      () => ({ enabled: true }),
    ),
  async getSharing() {
    expect((await reads('ada', () => `${instance()}/sharing`)).body.status).toBe('on');
  },

  async connect() {
    const body = () => ({ instanceId: met.instanceId, token: DEMO_TOKENS.instance('devi') });
    met.connectionId = (await writes('devi', 'post', () => '/api/v1/connections', body)).body.id;
  },
  listConnections: () => reads('devi', () => '/api/v1/connections'),
  getConnection: () => reads('devi', connection),
  previewCounts: () => reads('devi', () => `${connection()}/preview`),
  startSending: () =>
    writes(
      'devi',
      'post',
      () => `${connection()}/send`,
      () => ({ consentVersion: CONSENT_VERSION }),
    ),
  updateNow: () => writes('devi', 'post', () => `${connection()}/update`),
  listSentCounts: () => reads('devi', () => `${connection()}/sent`),
  async exportCounts() {
    await reads('devi', () => `${connection()}/export?format=json`);
    await reads('devi', () => `${connection()}/export?format=csv`);
  },
  async setMyProfile() {
    const made = await writes(
      'devi',
      'put',
      () => '/api/v1/me/profile',
      () => ({ visibility: 'public' }),
    );
    met.profileId = made.body.id;
  },
  getMyProfile: () => reads('devi', () => '/api/v1/me/profile'),
  getMyData: () => reads('devi', () => '/api/v1/me/data'),
  async listSessions() {
    const { body } = await reads('devi', () => '/api/v1/me/sessions');
    expect(body['items']).toEqual([]);
  },
  async endSession() {
    const secret = 's'.repeat(43);
    const { id } = await inTransaction(world.pool, (tx) =>
      startSession(tx, {
        hash: hashOf(secret),
        signedIn: { staff: { issuer: 'https://login.example', subject: 'one' } },
        at: new Date(),
        expiresAt: new Date(Date.now() + 60_000),
        instead: undefined,
      }),
    );
    const headers = { cookie: `${SESSION_COOKIE}=${secret}`, origin: world.url };
    const path = `/api/v1/me/sessions/${id}/end`;
    expect((await world.anyone.post(path, {}, { headers })).status).toBe(204);
    expect((await world.anyone.post(path, {}, { headers })).status).toBe(401);
  },
  getProfile: () => reads('anyone', profile),
  getProfileGraph: () => reads('anyone', () => `${profile()}.svg?theme=dark`),

  getSchedule: () => reads('operator', () => '/api/v1/sync'),
  pauseRuns: () => writes('operator', 'post', () => '/api/v1/sync/pause', note),
  resumeRuns: () => writes('operator', 'post', () => '/api/v1/sync/resume'),
  triggerRun: () => writes('operator', 'post', () => '/api/v1/sync/trigger'),
  async listRuns() {
    await eventually(async () => runsFinished(1), 'the run');
    expect((await reads('operator', () => '/api/v1/sync/runs')).body['items']).toHaveLength(1);
  },
  async backfill() {
    await writes(
      'operator',
      'post',
      () => '/api/v1/sync/backfill',
      () => ({ connectionId: met.connectionId }),
    );
    await writes(
      'operator',
      'post',
      () => '/api/v1/sync/backfill',
      () => ({ instanceId: met.instanceId }),
    );
    await eventually(async () => runsFinished(2), 'the backfill');
  },
  examineConnection: () => reads('operator', () => `/api/v1/doctor/connections/${met.connectionId}`),
  findPoison: () => reads('operator', () => '/api/v1/doctor/findings'),
  async repairPoison() {
    await writes('operator', 'post', () => '/api/v1/doctor/repairs');
  },

  async optOut() {
    const done = async () => (await reads('devi', connection)).body.status === 'restorable';
    await writes(
      'devi',
      'post',
      () => `${connection()}/opt-out`,
      undefined,
      () => eventually(done, 'the deletion'),
    );
  },
  async reconnect() {
    await writes('devi', 'post', () => `${connection()}/reconnect`);
  },
  async moveConnection() {
    const done = async () => (await reads('devi as hana', connection)).body.status === 'sending';
    await eventually(async () => (await reads('devi', connection)).body.status === 'sending', 'the restoring');
    await writes(
      'devi as hana',
      'post',
      () => `${connection()}/move`,
      () => ({ consentVersion: CONSENT_VERSION }),
      () => eventually(done, 'the move'),
    );
  },
  forget: () => writes('devi as hana', 'post', () => `${connection()}/forget`),
  async forgetMe() {
    const devi = await world.person('devi');
    expect((await devi.post('/api/v1/me/forget')).status).toBe(200);
    expect((await devi.post('/api/v1/me/forget')).status).toBe(401);
  },
  listReceipts: () => reads('anyone', () => `/api/v1/receipts/${met.connectionId}`),
  revokeSharing: () => writes('support', 'post', () => `${instance()}/revoke`, note),
  exportAudit: () => reads('operator', () => '/api/v1/audit/export'),
  listAudit: () => reads('operator', () => '/api/v1/audit?limit=200'),
};

async function runsFinished(count: number): Promise<boolean> {
  const { rows } = await world.pool.query('select 1 from sync_run where finished_at is not null');
  return rows.length >= count;
}

describe('in one long story', () => {
  test.each(Object.entries(STORY))(
    '%s answers as documented, and once where its answer was lost',
    async (name, step) => {
      await step();
      expect([...answered].map((one) => one.split(' ')[0])).toContain(name);
    },
  );

  test('no operation is left out', () => {
    expect(Object.keys(STORY).toSorted()).toEqual(allRoutes.map((route) => route.operationId).toSorted());
  });
});
