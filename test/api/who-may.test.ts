import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { CONSENT_VERSION } from '../../src/api/consent.ts';
import { allRoutes } from '../../src/api/routes/index.ts';
import { createToken, revokeToken, type TokenOwner } from '../../src/db/api-tokens.ts';
import { eventually } from '../support/world.ts';
import { createApiWorld, type ApiWorld } from './api-world.ts';
import { caller, type Caller } from './client.ts';
import { startWork } from './workers.ts';

/** Everybody who asks, in the order of the table's columns. */
const CALLERS = [
  'nobody',
  // With a token that was an operator's until it was revoked.
  'revoked',
  'operator',
  'support',
  // A site administrator of the instance who owns its account, and one of another instance, who asks for access there.
  'admin',
  'otherAdmin',
  // Site administrators of the instance: one owns no account, one is suspended.
  'noOwner',
  'suspended',
  // Whose connection it is, and another developer of the same instance.
  'developer',
  'neighbour',
] as const;
type Who = (typeof CALLERS)[number];

/**
 * What each of them is answered: `ok` is let through, whatever comes of it then; else the status. In an order in which
 * nobody who may takes away what the next row is about.
 */
const TABLE: Readonly<Record<string, string>> = {
  //                     nobody revoked operator support admin otherAdmin noOwner suspended developer neighbour
  getHealth: '            ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getReadiness: '         ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getMetrics: '           ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getOpenApi: '           ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getDocs: '              ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getEnablingPage: '      ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getProblemPage: '       ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getProfile: '           ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  getProfileGraph: '      ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',
  listReceipts: '         ok     ok      ok       ok      ok    ok         ok      ok        ok        ok',

  registerAccount: '      401    401     ok       403     403   403        403     403       403       403',
  listAccounts: '         401    401     ok       ok      403   403        403     403       403       403',
  setTerms: '             401    401     ok       ok      403   403        403     403       403       403',
  registerInstance: '     401    401     ok       403     403   403        403     403       403       403',
  listInstances: '        401    401     ok       403     403   403        403     403       403       403',
  getInstance: '          401    401     ok       ok      403   403        403     403       403       403',
  recordConnect: '        401    401     ok       403     403   403        403     403       403       403',
  setNetwork: '           401    401     ok       403     403   403        403     403       403       403',
  replaceCredentials: '   401    401     ok       403     403   403        403     403       403       403',
  getSchedule: '          401    401     ok       403     403   403        403     403       403       403',
  listRuns: '             401    401     ok       403     403   403        403     403       403       403',
  pauseRuns: '            401    401     ok       403     403   403        403     403       403       403',
  resumeRuns: '           401    401     ok       403     403   403        403     403       403       403',
  triggerRun: '           401    401     ok       403     403   403        403     403       403       403',
  backfill: '             401    401     ok       403     403   403        403     403       403       403',
  examineConnection: '    401    401     ok       403     403   403        403     403       403       403',
  findPoison: '           401    401     ok       403     403   403        403     403       403       403',
  repairPoison: '         401    401     ok       403     403   403        403     403       403       403',
  listAudit: '            401    401     ok       403     403   403        403     403       403       403',
  exportAudit: '          401    401     ok       403     403   403        403     403       403       403',

  // About the other instance's request.
  requestAccess: '        401    401     403      403     404   ok         404     404       404       404',
  listAccessRequests: '   401    401     ok       ok      403   403        403     403       403       403',
  getAccessRequest: '     401    401     403      ok      404   ok         404     404       404       404',
  claimAccessRequest: '   401    401     403      ok      403   403        403     403       403       403',
  assignAccessRequest: '  401    401     403      ok      403   403        403     403       403       403',
  logContact: '           401    401     403      ok      403   403        403     403       403       403',
  askForInformation: '    401    401     403      ok      403   403        403     403       403       403',
  giveInformation: '      401    401     403      403     404   ok         404     404       404       404',
  nudgeSupport: '         401    401     403      403     404   ok         404     404       404       404',
  recheckAccessRequest: ' 401    401     403      ok      403   403        403     403       403       403',
  approveAccessRequest: ' 401    401     403      ok      403   403        403     403       403       403',
  denyAccessRequest: '    401    401     403      ok      403   403        403     403       403       403',
  withdrawAccessRequest: '401    401     403      403     404   ok         404     404       404       404',
  eraseRequestNotes: '    401    401     403      ok      403   403        403     403       403       403',

  // About a developer's own connection.
  connect: '              401    401     403      403     ok    404        ok      ok        ok        ok',
  listConnections: '      401    401     403      403     ok    ok         ok      ok        ok        ok',
  getConnection: '        401    401     403      403     404   404        404     404       ok        404',
  previewCounts: '        401    401     403      403     404   404        404     404       ok        404',
  listSentCounts: '       401    401     403      403     404   404        404     404       ok        404',
  exportCounts: '         401    401     403      403     404   404        404     404       ok        404',
  startSending: '         401    401     403      403     404   404        404     404       ok        404',
  updateNow: '            401    401     403      403     404   404        404     404       ok        404',
  moveConnection: '       401    401     403      403     404   404        404     404       ok        404',
  optOut: '               401    401     403      403     404   404        404     404       ok        404',
  reconnect: '            401    401     403      403     404   404        404     404       ok        404',
  getMyData: '            401    401     403      403     ok    ok         ok      ok        ok        ok',
  getMyProfile: '         401    401     403      403     ok    ok         ok      ok        ok        ok',
  setMyProfile: '         401    401     403      403     ok    ok         ok      ok        ok        ok',
  listSessions: '         401    401     403      ok      ok    ok         ok      ok        ok        ok',
  // A session that is nobody's is not found, by whomever.
  endSession: '           401    401     403      404     404   404        404     404       404       404',
  forget: '               401    401     403      403     404   404        404     404       ok        404',

  getSharing: '           401    401     ok       ok      ok    404        403     403       403       403',
  switchInstanceSide: '   401    401     403      403     ok    404        403     403       403       403',
  switchAccountSide: '    401    401     403      403     ok    404        403     403       403       403',
  revokeSharing: '        401    401     403      ok      403   403        403     403       403       403',

  // Last, since whoever is forgotten is nobody from then on.
  forgetMe: '             401    401     403      403     ok    ok         ok      ok        ok        ok',
};

const ids = { account: '', instance: '', otherInstance: '', request: '', connection: '', profile: '' };
const note = () => ({ note: 'What was said.' });
const credential = 'ghs_some_credential';

/** What is sent so that whoever may is let through; ids of the path by their names. */
const BODIES: Readonly<Record<string, () => object>> = {
  registerAccount: () => ({ kind: 'organization', slug: `o-${randomUUID()}`, credential }),
  setTerms: () => ({ terms: 'custom' }),
  registerInstance: () => ({
    hostname: `${randomUUID()}.example`,
    kind: 'ghes',
    baseUrl: world.instance.url,
    accountId: ids.account,
    allowHttpLoopback: true,
  }),
  recordConnect: () => ({ connected: true }),
  setNetwork: () => ({ allowPrivateNetwork: true }),
  replaceCredentials: () => ({ credential: DEMO_TOKENS.instanceReader }),
  pauseRuns: note,
  backfill: () => ({ connectionId: ids.connection }),
  requestAccess: () => ({ instanceId: ids.otherInstance }),
  assignAccessRequest: () => ({ staff: `token:${randomUUID()}` }),
  logContact: note,
  askForInformation: note,
  giveInformation: note,
  approveAccessRequest: note,
  denyAccessRequest: note,
  connect: () => ({ instanceId: ids.instance, token: DEMO_TOKENS.instance('devi') }),
  startSending: () => ({ consentVersion: CONSENT_VERSION }),
  moveConnection: () => ({ consentVersion: CONSENT_VERSION }),
  setMyProfile: () => ({ visibility: 'public' }),
  switchInstanceSide: () => ({ enabled: true }),
  switchAccountSide: () => ({ enabled: true }),
  revokeSharing: note,
};

let world: ApiWorld;
let stopWork: () => Promise<void>;
const callers = {} as Record<Who, Caller>;

beforeAll(async () => {
  world = await createApiWorld({ CONNECT_BY_TOKEN: 'true' });
  stopWork = await startWork(world);
  ids.instance = await world.register();
  await world.switchOn(ids.instance);
  await registerOther();
  await nameCallers();
  const asked = await callers.otherAdmin.post<{ id: string }>('/api/v1/access-requests', {
    instanceId: ids.otherInstance,
  });
  ids.request = asked.body.id;
  await connectDeveloper();
});
afterAll(async () => {
  await stopWork();
  await world.close();
});

async function registerOther(): Promise<void> {
  const { operator, instance } = world;
  const account = { kind: 'organization', slug: 'globex', credential: DEMO_TOKENS.installation('globex') };
  ids.account = (await operator.post<{ id: string }>('/api/v1/accounts', account)).body.id;
  const other = await operator.post<{ id: string }>('/api/v1/instances', {
    hostname: 'ghes.globex.example',
    kind: 'ghes',
    baseUrl: instance.url,
    accountId: ids.account,
    allowHttpLoopback: true,
    credential: DEMO_TOKENS.instanceReader,
  });
  ids.otherInstance = other.body.id;
  await operator.put(`/api/v1/instances/${ids.otherInstance}/connect`, { connected: true });
}

async function nameCallers(): Promise<void> {
  const { pool, url, instance, github } = world;
  instance.people.change('goran', { siteAdmin: true, suspendedAt: '2026-01-01T00:00:00Z' });
  const made = (owner: TokenOwner) => createToken(pool, { name: 'test', owner, actor: 'test', at: new Date() });
  const person = async (key: string, instanceId: string) => {
    const { id: userId, createdAt } = instance.people.get(key);
    const githubUserId = github.people.get(key).id;
    return caller(
      url,
      (await made({ role: 'person', person: { instanceId, source: { userId, createdAt }, githubUserId } })).token,
    );
  };
  const revoked = await made({ role: 'operator' });
  await revokeToken(pool, revoked.id, { actor: 'test', at: new Date() });
  Object.assign(callers, {
    nobody: world.anyone,
    revoked: caller(url, revoked.token),
    operator: world.operator,
    support: world.support,
    admin: await person('ada', ids.instance),
    otherAdmin: await person('ines', ids.otherInstance),
    noOwner: await person('bruno', ids.instance),
    suspended: await person('goran', ids.instance),
    developer: await person('devi', ids.instance),
    neighbour: await person('emil', ids.instance),
  } satisfies Record<Who, Caller>);
}

async function connectDeveloper(): Promise<void> {
  const { developer } = callers;
  const body = { instanceId: ids.instance, token: DEMO_TOKENS.instance('devi') };
  ids.connection = (await developer.post<{ id: string }>('/api/v1/connections', body)).body.id;
  const connection = `/api/v1/connections/${ids.connection}`;
  const status = async () => (await developer.get<{ status: string }>(connection)).body.status;
  await eventually(async () => (await status()) === 'connected', 'the connection');
  await developer.post(`${connection}/send`, { consentVersion: CONSENT_VERSION });
  const profile = await developer.put<{ id: string }>('/api/v1/me/profile', { visibility: 'public' });
  ids.profile = profile.body.id;
}

const ROUTES = new Map(allRoutes.map((route) => [route.operationId, route]));

/** The path with ids of what there is. */
function pathOf(operation: string): string {
  const { path, tag } = ROUTES.get(operation)!;
  const subject: Readonly<Record<string, string>> = {
    accounts: ids.account,
    instances: ids.instance,
    sharing: ids.instance,
    'access requests': ids.request,
    connections: ids.connection,
    doctor: ids.connection,
    profiles: ids.profile,
    me: randomUUID(),
  };
  return path
    .replace(':connectionId', ids.connection)
    .replace(':code', 'not_found')
    .replace(':id', subject[tag] ?? `no id of ${tag}`);
}

const LETS_NOBODY = [401, 403, 404];

async function answerTo(who: Who, operation: string): Promise<string> {
  const { method } = ROUTES.get(operation)!;
  const path = pathOf(operation);
  const reply =
    method === 'get' ? await callers[who].get(path) : await callers[who][method](path, BODIES[operation]?.());
  return LETS_NOBODY.includes(reply.status) ? String(reply.status) : 'ok';
}

test('no operation is without a row', () => {
  expect(Object.keys(TABLE).toSorted()).toEqual([...ROUTES.keys()].toSorted());
});

test.each(Object.entries(TABLE))('%s is for those of its row alone', async (operation, row) => {
  const expected = row.trim().split(/\s+/);
  const found: string[] = [];
  for (const who of CALLERS) found.push(await answerTo(who, operation));
  expect(Object.fromEntries(CALLERS.map((who, at) => [who, found[at]]))).toEqual(
    Object.fromEntries(CALLERS.map((who, at) => [who, expected[at]])),
  );
});
