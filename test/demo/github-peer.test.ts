import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { DEMO_INSTANCE_HOST_NAME, startGitHubPeer } from '../../demo/peers/github-peer.ts';
import type { GitHubPeer } from '../../demo/peers/github-peer.ts';
import { ask } from './ask.ts';

let github: GitHubPeer;
beforeEach(async () => {
  github = await startGitHubPeer();
});
afterEach(async () => github.close());

const get = async (path: string, token: string) => ask<Record<string, unknown>>(`${github.url}${path}`, token);
const query = async (text: string, token: string) =>
  ask<Record<string, unknown>>(`${github.url}/graphql`, token, { method: 'POST', body: { query: text } });

const host = (hostName: string) => ({
  hostName,
  customerName: 'Acme',
  isConnected: true,
  createdAt: '2024-01-01T00:00:00Z',
});
const page = (after: string) => `{ enterprise(slug: "acme-inc") { ownerInfo {
  enterpriseServerInstallations(first: 1 ${after}) { nodes { hostName } pageInfo { hasNextPage endCursor } } } } }`;

const ENTERPRISE = `{ enterprise(slug: "acme-inc") { slug viewerIsAdmin ownerInfo {
  admins(first: 10, role: OWNER) { totalCount nodes { login databaseId } edges { role } }
  enterpriseServerInstallations(first: 10, connectedOnly: true) {
    totalCount nodes { hostName isConnected customerName createdAt } pageInfo { hasNextPage } } } } }`;

describe('people at GitHub.com', () => {
  test('have other logins and ids than at the instance', async () => {
    const { body } = await get('/user', github.people.tokenOf('devi'));
    expect(body).toMatchObject({ login: 'deviraman', site_admin: false });
    expect(body['id']).not.toBe(1005);
    expect((await get(`/user/${String(body['id'])}`, github.people.tokenOf('emil'))).body).toMatchObject({
      login: 'deviraman',
    });
    expect((await get('/users/deviraman', github.people.tokenOf('emil'))).body).toMatchObject({ id: body['id'] });
  });

  test('sign in without any scope', async () => {
    expect((await get('/user', github.people.tokenOf('devi'))).headers['x-oauth-scopes']).toBe('');
  });
});

describe('who owns an organization', () => {
  test('its App installation sees the role of each member by login', async () => {
    const token = DEMO_TOKENS.installation('acme');
    const owner = await get('/orgs/acme/memberships/ada-marsh', token);
    expect(owner.body).toMatchObject({ role: 'admin', state: 'active', organization: { login: 'acme' } });
    expect((await get('/orgs/acme/memberships/brunok', token)).body).toMatchObject({ role: 'member', state: 'active' });
    expect((await get('/orgs/acme/memberships/nobody', token)).status).toBe(404);
  });

  test('the installation of another organization sees nothing', async () => {
    expect((await get('/orgs/acme/memberships/ada-marsh', DEMO_TOKENS.installation('globex'))).status).toBe(403);
  });

  test('a person reads the own membership with read:org, not without', async () => {
    const path = '/user/memberships/orgs/acme';
    expect((await get(path, github.people.tokenOf('ada'))).body).toMatchObject({ role: 'admin', state: 'active' });
    expect((await get(path, github.people.tokenOf('devi'))).status).toBe(403);
  });

  test('the role is the one of now', async () => {
    github.accounts.setMembership('acme', 'ada', { role: 'member', state: 'active' });
    const path = '/orgs/acme/memberships/ada-marsh';
    expect((await get(path, DEMO_TOKENS.installation('acme'))).body).toMatchObject({ role: 'member' });
    github.accounts.setMembership('acme', 'ada', null);
    expect((await get(path, DEMO_TOKENS.installation('acme'))).status).toBe(404);
  });

  test('GraphQL tells whether the viewer is a member and may administer', async () => {
    const text = '{ organization(login: "acme") { viewerCanAdminister viewerIsAMember } }';
    const of = async (who: string) => (await query(text, github.people.tokenOf(who))).body;
    expect(await of('ada')).toEqual({ data: { organization: { viewerCanAdminister: true, viewerIsAMember: true } } });
    expect(await of('devi')).toEqual({ data: { organization: { viewerCanAdminister: false, viewerIsAMember: true } } });
  });
});

describe('the enterprise account', () => {
  test('shows its owner the owners and the connected instances', async () => {
    const { body } = await query(ENTERPRISE, DEMO_TOKENS.enterpriseOwner);
    const logins = ['ada-marsh', 'inesduarte', 'chloe-r'].map((login) => expect.objectContaining({ login }));
    expect(body).toMatchObject({
      data: {
        enterprise: {
          viewerIsAdmin: true,
          ownerInfo: {
            admins: { totalCount: 3, nodes: logins, edges: [{ role: 'OWNER' }, { role: 'OWNER' }, { role: 'OWNER' }] },
            enterpriseServerInstallations: {
              nodes: [{ hostName: DEMO_INSTANCE_HOST_NAME, isConnected: true, customerName: 'Acme Inc' }],
              pageInfo: { hasNextPage: false },
            },
          },
        },
      },
    });
  });

  test('lists an instance no longer as connected after GitHub Connect was switched off', async () => {
    github.accounts.setConnected('acme-inc', DEMO_INSTANCE_HOST_NAME, false);
    const { body } = await query(ENTERPRISE, DEMO_TOKENS.enterpriseOwner);
    expect(body).toHaveProperty('data.enterprise.ownerInfo.enterpriseServerInstallations.totalCount', 0);
  });

  test('gives its installations in pages', async () => {
    github.accounts.setInstallation('acme-inc', host('second.example'));
    const connection = 'data.enterprise.ownerInfo.enterpriseServerInstallations';
    const first = (await query(page(''), DEMO_TOKENS.enterpriseOwner)).body;
    expect(first).toHaveProperty(`${connection}.pageInfo.hasNextPage`, true);
    const second = (await query(page('after: "Y3Vyc29yOjA="'), DEMO_TOKENS.enterpriseOwner)).body;
    expect(first).toHaveProperty(`${connection}.pageInfo.endCursor`, 'Y3Vyc29yOjA=');
    expect(second).toHaveProperty(`${connection}.nodes`, [{ hostName: 'second.example' }]);
  });

  test('asks for first or last', async () => {
    const text = '{ enterprise(slug: "acme-inc") { ownerInfo { admins { totalCount } } } }';
    const { body } = await query(text, DEMO_TOKENS.enterpriseOwner);
    expect(body).toMatchObject({ errors: [{ type: 'MISSING_PAGINATION_BOUNDARIES' }] });
  });

  test('hides what owners see from members, and itself from an unknown slug', async () => {
    const member = await query(ENTERPRISE, github.people.tokenOf('devi'));
    expect(member.body).toMatchObject({ data: { enterprise: { viewerIsAdmin: false, ownerInfo: null } } });
    const wrong = await query('{ enterprise(slug: "nobody") { name } }', github.people.tokenOf('devi'));
    expect(wrong.body).toMatchObject({ data: { enterprise: null }, errors: [{ type: 'NOT_FOUND' }] });
  });

  test("needs read:enterprise on an owner's token", async () => {
    const { body } = await query(ENTERPRISE, github.people.tokenOf('ada'));
    expect(body).toMatchObject({ errors: [{ type: 'INSUFFICIENT_SCOPES' }] });
  });
});

describe('faults at GitHub.com', () => {
  test('can be switched on as at the instance', async () => {
    github.faults.add({ kind: 'maintenance' }, { times: 1 });
    expect((await get('/user', github.people.tokenOf('ada'))).status).toBe(503);
    expect((await get('/user', github.people.tokenOf('ada'))).status).toBe(200);
  });
});
