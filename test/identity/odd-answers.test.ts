import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthority } from '../../src/identity/authority.ts';
import { says, saysJson, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { ACME, ENTERPRISE, NO, UNKNOWN, YES } from './two-peers.ts';

const ADA = 5_820_341;
const user = { id: ADA, login: 'ada-marsh', created_at: '2014-03-10T08:30:00Z' };

let server: OddServer;
let authority: ReturnType<typeof createAuthority>;
beforeAll(async () => {
  server = await startOddServer();
  authority = createAuthority({ githubApiUrl: server.url, allowHttpLoopback: true });
});
afterAll(async () => {
  await authority.close();
  await server.close();
});

/** GitHub.com answers each path so. */
const answers = (paths: Record<string, Respond>) => {
  server.asked.length = 0;
  server.answers((response, asked) => {
    const path = Object.keys(paths).find((one) => asked.path.startsWith(one));
    (path === undefined ? says(599, '') : paths[path]!)(response, asked);
  });
};
const LAST = { hasNextPage: false, endCursor: null };
const page = (field: string, nodes: unknown, pageInfo: unknown = LAST, status = 200) =>
  saysJson(status, { data: { enterprise: { ownerInfo: { [field]: { nodes, pageInfo } } } } });

const organizationOwner = (membership: Respond, about: Respond = saysJson(200, user)) => {
  answers({ '/user/': about, '/orgs/acme/memberships/ada-marsh': membership });
  return authority.isAccountOwner(ACME, 'credential', ADA);
};
const enterpriseOwner = (graphql: Respond) => {
  answers({ '/user/': saysJson(200, user), '/graphql': graphql });
  return authority.isAccountOwner(ENTERPRISE, 'credential', ADA);
};
const connected = (graphql: Respond) => {
  answers({ '/graphql': graphql });
  return authority.isConnected(ENTERPRISE, 'credential', 'ghes.acme.example');
};

describe('whether somebody is a site administrator', () => {
  const who = { userId: 1001, createdAt: '2019-03-10T08:30:00Z' };
  const ada = { id: 1001, login: 'amarsh', created_at: who.createdAt, site_admin: true };
  const isSiteAdmin = (respond: Respond) => {
    answers({ '/api/v3/user/1001': respond });
    const instance = { id: 'i', kind: 'ghes', baseUrl: server.url, allowHttpLoopback: true } as const;
    return authority.isSiteAdmin(instance, 'credential', who);
  };

  test('is a matter of the role of that very user', async () => {
    expect(await isSiteAdmin(saysJson(200, ada))).toEqual(YES);
    expect(await isSiteAdmin(saysJson(200, { ...ada, suspended_at: null }))).toEqual(YES);
    expect(await isSiteAdmin(saysJson(200, { ...ada, suspended_at: '2026-01-01T00:00:00Z' }))).toEqual(NO);
    expect(await isSiteAdmin(saysJson(200, { ...ada, id: 1002 }))).toEqual(NO);
    expect(await isSiteAdmin(saysJson(404, { message: 'Not Found' }))).toEqual(NO);
  });

  test.each<[string, Respond]>([
    ['no role', saysJson(200, { ...ada, site_admin: 'yes' })],
    ['no number', saysJson(200, { ...ada, id: '1001' })],
    ['no creation time', saysJson(200, { ...ada, created_at: 'then' })],
    ['a page', says(200, '<html>')],
    ['404 of something in between', says(404, '<html>')],
    ['403', saysJson(403, { message: 'Forbidden' })],
  ])('is not known from %s', async (_name, respond) => {
    expect(await isSiteAdmin(respond)).toEqual(UNKNOWN);
  });
});

describe('whether somebody owns an organization', () => {
  const membership = { role: 'admin', state: 'active', user: { id: ADA } };

  test('is a matter of role, state and number', async () => {
    expect(await organizationOwner(saysJson(200, membership))).toEqual(YES);
    expect(await organizationOwner(saysJson(200, { ...membership, role: 'billing_manager' }))).toEqual(NO);
    expect(await organizationOwner(saysJson(200, { ...membership, state: 'pending' }))).toEqual(NO);
    // The login passed to somebody else between the two looks.
    expect(await organizationOwner(saysJson(200, { ...membership, user: { id: 7 } }))).toEqual(NO);
    expect(await organizationOwner(saysJson(404, { message: 'Not Found' }))).toEqual(NO);
  });

  test.each<[string, Respond]>([
    ['404 of something in between', says(404, '<html>not here</html>')],
    ['403', saysJson(403, { message: 'Resource not accessible by integration' })],
    ['302', says(302, '', { location: 'https://elsewhere.example' })],
    ['a page', says(200, '<html>')],
    ['a list', saysJson(200, [membership])],
    ['nobody', saysJson(200, { ...membership, user: null })],
  ])('is not known from %s', async (_name, respond) => {
    expect(await organizationOwner(respond)).toEqual(UNKNOWN);
  });

  test.each<[string, Respond]>([
    ['somebody else', saysJson(200, { ...user, id: 7 })],
    ['no login', saysJson(200, { ...user, login: null })],
    ['no creation time', saysJson(200, { ...user, created_at: null })],
    ['a page', says(200, '<html>')],
  ])('is not known where the user’s number gives %s', async (_name, about) => {
    expect(await organizationOwner(saysJson(200, membership), about)).toEqual(UNKNOWN);
  });

  test('is asked for whatever login in one segment of the path', async () => {
    await organizationOwner(saysJson(200, membership), saysJson(200, { ...user, login: '../../user' }));
    expect(server.asked.at(-1)!.path).toBe('/orgs/acme/memberships/..%2F..%2Fuser');
  });
});

describe('a list of an enterprise account', () => {
  const host = { hostName: 'ghes.acme.example', isConnected: true };
  const more = { hasNextPage: true, endCursor: 'a-cursor' };

  test('is read for owners by number, for instances by host name', async () => {
    expect(await enterpriseOwner(page('admins', [null, { databaseId: ADA }]))).toEqual(YES);
    expect(await enterpriseOwner(page('admins', [{ databaseId: String(ADA) }]))).toEqual(NO);
    expect(await connected(page('enterpriseServerInstallations', [null, host]))).toEqual(YES);
    expect(await connected(page('enterpriseServerInstallations', [{ ...host, isConnected: 'true' }]))).toEqual(NO);
  });

  test('that lists a host twice has it connected by one of them', async () => {
    const lost = { ...host, isConnected: false };
    expect(await connected(page('enterpriseServerInstallations', [lost, host]))).toEqual(YES);
  });

  test('that never ends is given up, and says nothing', async () => {
    expect(await connected(page('enterpriseServerInstallations', [], more))).toEqual(UNKNOWN);
    expect(server.asked).toHaveLength(50);
    expect(JSON.parse(server.asked.at(-1)!.body)).toMatchObject({ variables: { after: 'a-cursor' } });
  });

  test.each<[string, Respond]>([
    ['nobody’s account', saysJson(200, { data: { enterprise: null } })],
    ['what only owners see', saysJson(200, { data: { enterprise: { ownerInfo: null } } })],
    ['another list', page('admins', [host])],
    ['no nodes', page('enterpriseServerInstallations', null)],
    ['no end', page('enterpriseServerInstallations', [], null)],
    ['more without a cursor', page('enterpriseServerInstallations', [], { hasNextPage: true, endCursor: null })],
    ['an end that is no word of it', page('enterpriseServerInstallations', [], { hasNextPage: 'no', endCursor: 5 })],
    ['an error beside data', saysJson(200, { data: { enterprise: null }, errors: [{ type: 'NOT_FOUND' }] })],
    ['no data', saysJson(200, {})],
    ['a page', says(200, '<html>')],
    ['401', saysJson(401, { message: 'Bad credentials' })],
    ['500', saysJson(500, {})],
    ['the right words with a wrong status', page('enterpriseServerInstallations', [host], undefined, 500)],
  ])('is not known from %s', async (_name, respond) => {
    expect(await connected(respond)).toEqual(UNKNOWN);
  });
});
