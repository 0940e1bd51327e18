import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAuthority } from '../../src/identity/authority.ts';
import { says, saysJson, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { NO, UNKNOWN, YES } from './two-peers.ts';

const ADA = { userId: 1001, createdAt: '2019-03-10T08:30:00Z' };
const found = { id: 1001, login: 'ada', created: '2019-03-10T09:30:00+01:00', is_admin: true, active: true };

let gitea: OddServer;
let authority: ReturnType<typeof createAuthority>;
beforeAll(async () => {
  gitea = await startOddServer();
  authority = createAuthority({ githubApiUrl: 'https://api.github.example', allowHttpLoopback: true });
});
beforeEach(() => {
  gitea.asked.length = 0;
});
afterAll(async () => {
  await authority.close();
  await gitea.close();
});

const lists = (...data: unknown[]) => saysJson(200, { ok: true, data });

/** Asks a Gitea whose credential belongs to this reader, and whose search answers so. */
const isSiteAdmin = (search: Respond, reader: Respond = saysJson(200, { id: 1, login: 'root', is_admin: true })) => {
  gitea.answers((response, asked) => (asked.path === '/api/v1/user' ? reader : search)(response, asked));
  const instance = { id: 'i', kind: 'gitea', baseUrl: gitea.url, allowHttpLoopback: true } as const;
  return authority.isSiteAdmin(instance, 'credential', ADA);
};

describe('an administrator of a Gitea', () => {
  test('is looked up by number, with the credential of an administrator', async () => {
    expect(await isSiteAdmin(lists(found))).toEqual(YES);
    expect(gitea.asked.map(({ path }) => path)).toEqual(['/api/v1/user', '/api/v1/users/search?uid=1001&limit=1']);
    expect(gitea.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer credential', 'Bearer credential']);
  });

  test.each([
    ['somebody without the role', { is_admin: false }],
    ['one who may not sign in', { prohibit_login: true }],
    ['one who is not active', { active: false }],
    ['somebody else', { id: 1002 }],
    ['a number that is somebody else’s now', { created: '2025-01-01T00:00:00Z' }],
  ])('is not %s', async (_name, changes) => {
    expect(await isSiteAdmin(lists({ ...found, ...changes }))).toEqual(NO);
  });

  test('is nobody who is not there', async () => {
    expect(await isSiteAdmin(lists())).toEqual(NO);
  });

  test('is not known to whoever is no administrator: Gitea shows others nobody’s role', async () => {
    const others = saysJson(200, { id: 2, login: 'bot', is_admin: false });
    expect(await isSiteAdmin(lists({ ...found, is_admin: false }), others)).toEqual(UNKNOWN);
    expect(await isSiteAdmin(lists(found), saysJson(401, { message: 'invalid token' }))).toEqual(UNKNOWN);
    expect(gitea.asked.filter(({ path }) => path.includes('search'))).toEqual([]);
  });

  test.each<[string, Respond]>([
    ['a page', says(200, '<html>')],
    ['500', saysJson(500, { message: '' })],
    ['403', saysJson(403, { message: 'token does not have at least one of required scope(s)' })],
    ['no list', saysJson(200, { ok: true, data: null })],
    ['a list of texts', lists('ada')],
    ['a list of nothing', lists(null)],
    ['no number', lists({ ...found, id: '1001' })],
    ['no creation time', lists({ ...found, created: undefined })],
    ['no role', lists({ ...found, is_admin: undefined })],
    ['a role that is a text', lists({ ...found, is_admin: 'true' })],
  ])('is not known from %s', async (_name, search) => {
    expect(await isSiteAdmin(search)).toEqual(UNKNOWN);
  });
});
