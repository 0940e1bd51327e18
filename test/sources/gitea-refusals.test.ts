import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SourceReadFailure } from '../../src/ports/source.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, saysJson, type Respond } from '../support/odd-server.ts';
import { accessToken, DEVI, GOOD, GOOD_REFRESH, OAUTH, startGitea, type GiteaSpeaker } from './gitea-speaker.ts';
import { failed, instanceAt, window } from './reading.ts';

let sources: Sources;
let gitea: GiteaSpeaker;
beforeAll(async () => {
  sources = createSources();
  gitea = await startGitea();
});
beforeEach(() => gitea.reset());
afterAll(async () => {
  await sources.close();
  await gitea.close();
});

const read = (token = GOOD) => sources.gitea.read(instanceAt(gitea.url, 'gitea'), token, DEVI, window);

describe('a token that Gitea refuses', () => {
  test('has expired if it says so itself, for the answer is the same', async () => {
    expect(await read(accessToken(-1))).toStrictEqual(failed('token_expired'));
  });

  test.each([
    ['has time left', accessToken(600)],
    ['is no JWT', 'gta_0123456789'],
    ['has no end', `x.${Buffer.from('{}').toString('base64url')}.y`],
    ['has an end that is a text', `x.${Buffer.from('{"exp":"1"}').toString('base64url')}.y`],
    ['is cut', 'x.e30'],
  ])('was revoked if it %s', async (_name, token) => {
    expect(await read(token)).toStrictEqual(failed('token_revoked'));
  });
});

const SCOPES = 'token does not have at least one of required scope(s), required=[read:user], token scope=public-only';
const PROHIBITED = 'This account is prohibited from signing in, please contact your site administrator.';

const REFUSALS: [string, Respond, SourceReadFailure][] = [
  ['401 of a proxy', says(401, '<html>Unauthorized</html>'), failed('bad_answer')],
  ['a missing scope', saysJson(403, { message: SCOPES }), failed('scope_missing')],
  ['an account that may not sign in', saysJson(403, { message: PROHIBITED }), failed('user_suspended')],
  ['an account not activated', saysJson(403, { message: 'This account is not activated.' }), failed('user_suspended')],
  ['a password to change', saysJson(403, { message: 'You must change your password.' }), failed('bad_answer')],
  ['403 of a firewall', says(403, '<html>This account is prohibited</html>'), failed('bad_answer')],
  ['404', saysJson(404, { message: 'not found' }), failed('bad_answer')],
  ['429', says(429, ''), failed('rate_limited', 60_000)],
  ['429 with a time', says(429, '', { 'retry-after': '9' }), failed('rate_limited', 9_000)],
  ['500', saysJson(500, { message: '' }), failed('source_unreachable')],
  ['502', says(502, '<html>Bad Gateway</html>'), failed('source_unreachable')],
  ['503', says(503, 'no backend', { 'retry-after': '20' }), failed('source_unreachable', 20_000)],
  ['503 of maintenance', says(503, '<h1>Maintenance</h1>', { 'retry-after': '20' }), failed('maintenance', 20_000)],
];

describe('a request that Gitea refuses', () => {
  test.each(REFUSALS)('at the user: %s', async (_name, respond, expected) => {
    gitea.instead(/user$/, respond);
    expect(await read()).toStrictEqual(expected);
    expect(gitea.asked).toHaveLength(1);
  });

  test.each(REFUSALS)('at the heatmap: %s', async (_name, respond, expected) => {
    gitea.instead(/heatmap$/, respond);
    expect(await read()).toStrictEqual(expected);
  });

  test.each([/user$/, /heatmap$/])('or breaks off, at %s', async (path) => {
    gitea.instead(path, (response) => response.socket?.resetAndDestroy());
    expect(await read()).toStrictEqual(failed('source_unreachable'));
  });
});

describe('a refresh', () => {
  const refresh = (token = GOOD_REFRESH, oauth: typeof OAUTH | undefined = OAUTH) =>
    sources.gitea.refresh(instanceAt(gitea.url, 'gitea', oauth), token);
  const refreshedBy = (respond: Respond) => {
    gitea.instead(/access_token/, respond);
    return refresh();
  };

  test('gives the next pair and its end, for one request that holds the secrets in its body', async () => {
    const before = Date.now();
    const answer = await refresh();
    expect(answer).toStrictEqual({
      ok: true,
      accessToken: GOOD,
      refreshToken: 'the-next',
      expiresAt: expect.any(String),
    });
    const ends = answer.ok ? Date.parse(answer.expiresAt!) : 0;
    expect(ends).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(ends).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const [{ method, path, headers, body }] = gitea.asked as [(typeof gitea.asked)[0]];
    expect([method, path, headers.authorization]).toEqual(['POST', '/login/oauth/access_token', undefined]);
    expect(JSON.parse(body)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: GOOD_REFRESH,
      client_id: OAUTH.clientId,
      client_secret: OAUTH.clientSecret,
    });
  });

  test.each(['used', 'taken-back', 'cut'])('with a token that is %s means that access has expired', async (token) => {
    expect(await refresh(token)).toStrictEqual(failed('token_expired'));
  });

  test('with wrong credentials of the application says nothing of the person', async () => {
    expect(await refresh(GOOD_REFRESH, { ...OAUTH, clientSecret: 'guessed' })).toStrictEqual(failed('bad_answer'));
    expect(await refresh(GOOD_REFRESH, { ...OAUTH, clientId: 'another' })).toStrictEqual(failed('bad_answer'));
    expect(await refreshedBy(saysJson(401, { message: 'Unauthorized' }))).toStrictEqual(failed('bad_answer'));
  });

  test('without an application is not tried', async () => {
    expect(await sources.gitea.refresh(instanceAt(gitea.url, 'gitea'), GOOD_REFRESH)).toStrictEqual(
      failed('bad_answer'),
    );
    expect(gitea.asked).toEqual([]);
  });

  test.each<[string, Respond, SourceReadFailure]>([
    ['500 in the words of OAuth', saysJson(500, { error: 'server_error' }), failed('source_unreachable')],
    ['503', saysJson(503, { error: 'temporarily_unavailable' }), failed('source_unreachable')],
    ['502 of a proxy', says(502, '<html>'), failed('source_unreachable')],
    ['429', saysJson(429, { error: 'slow_down' }, { 'retry-after': '3' }), failed('rate_limited', 3_000)],
    ['a page', says(200, '<html>Sign in</html>'), failed('bad_answer')],
    ['a page with 400', says(400, '<html>'), failed('bad_answer')],
    ['a redirect to sign in', says(303, '', { location: '/user/login' }), failed('bad_answer')],
    ['no token', saysJson(200, { token_type: 'bearer' }), failed('bad_answer')],
    ['an empty token', saysJson(200, { access_token: '' }), failed('bad_answer')],
    ['a refresh token that is a number', saysJson(200, { access_token: 'a', refresh_token: 5 }), failed('bad_answer')],
    ['an error with 200', saysJson(200, { error: 'invalid_grant' }), failed('bad_answer')],
  ])('that is answered by %s', async (_name, respond, expected) => {
    expect(await refreshedBy(respond)).toStrictEqual(expected);
  });

  test.each([undefined, null, '3600', 0, -5, 1e12])('with the end %j has none that is known', async (seconds) => {
    const answer = await refreshedBy(saysJson(200, { access_token: 'a', refresh_token: 'r', expires_in: seconds }));
    expect(answer).toStrictEqual({ ok: true, accessToken: 'a', refreshToken: 'r', expiresAt: undefined });
  });

  test.each([{}, { refresh_token: '' }])('may leave the refresh token as it was', async (without) => {
    const answer = await refreshedBy(saysJson(200, { access_token: 'a', expires_in: 60, ...without }));
    expect(answer).toMatchObject({ ok: true, accessToken: 'a', refreshToken: undefined });
  });
});
