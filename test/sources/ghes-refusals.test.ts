import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SourceReadFailure } from '../../src/ports/source.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, saysJson, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { answer, CANARY, DEVI, errors, refusal, SCOPE, TOKEN, viewerOf } from './ghes-answers.ts';
import { failed, instanceAt, window } from './reading.ts';

let sources: Sources;
let server: OddServer;
beforeAll(async () => {
  sources = createSources();
  server = await startOddServer();
});
afterAll(async () => {
  await sources.close();
  await server.close();
});

const readFrom = (url: string) => sources.ghes.read(instanceAt(url, 'ghes'), TOKEN, DEVI, window);
const readOf = async (respond: Respond) => {
  server.answers(respond);
  return readFrom(server.url);
};

describe('what is no sign of a person', () => {
  test.each<[string, Respond]>([
    ['401 of a proxy', says(401, '<html><h1>Unauthorized</h1></html>')],
    ['401 without a word', says(401, '')],
    ['403 of a firewall', says(403, `<html>Your account was suspended ${CANARY}</html>`)],
    ['407', says(407, 'Proxy Authentication Required')],
    ['404 that speaks of a scope', refusal(404, 'No such scope')],
    ['422 that speaks of a suspended account', refusal(422, 'The account was suspended')],
    ['403 for another reason', refusal(403, 'Request forbidden by administrative rules.')],
    ['403 of an application that was suspended', refusal(403, 'This application has been suspended')],
    ['403 of an installation that was suspended', refusal(403, 'This installation has been suspended')],
    ['an address that is not allowed', errors({ type: 'FORBIDDEN', message: 'the IP allow list is enabled' })],
    ['an application that is restricted', errors({ type: 'FORBIDDEN', message: 'OAuth App access restrictions' })],
    ['an error that nobody listed', errors({ type: 'SOMETHING_NEW', message: CANARY })],
    ['an error without a type', errors({ message: `${CANARY} timeout` })],
    ['an error that is a text', errors(CANARY)],
  ])('%s', async (_name, respond) => {
    expect(await readOf(respond)).toStrictEqual(failed('bad_answer'));
  });

  test.each<[string, Respond]>([
    ['500', refusal(500, CANARY)],
    ['502', says(502, CANARY)],
    ['503 of a load balancer', says(503, 'no server is available')],
    ['504', says(504, CANARY)],
    ['an error of the instance', errors({ type: 'SERVICE_UNAVAILABLE', message: CANARY })],
  ])('%s', async (_name, respond) => {
    expect(await readOf(respond)).toStrictEqual(failed('source_unreachable'));
  });
});

describe('the end of a token', () => {
  const revoked = (respond: Respond) => {
    server.answers(respond);
    return sources.ghes.revoke(instanceAt(server.url, 'ghes', { clientId: 'a', clientSecret: 'b' }), TOKEN);
  };

  test('was reached already where the instance itself says that there is no such token', async () => {
    for (const status of [404, 422]) {
      expect(await revoked(refusal(status, 'Not Found'))).toStrictEqual({ ok: true, already: true });
      expect(await revoked(says(status, '<html>'))).toStrictEqual(failed('bad_answer'));
    }
  });

  test.each<[string, Respond, SourceReadFailure]>([
    ['200', refusal(200, 'done'), failed('bad_answer')],
    ['401', refusal(401, 'Requires authentication'), failed('bad_answer')],
    ['403', refusal(403, 'You have exceeded a secondary rate limit'), failed('rate_limited', 60_000)],
    ['503', says(503, 'Down for maintenance'), failed('maintenance')],
    ['502', says(502, ''), failed('source_unreachable')],
  ])('is not claimed from %s', async (_name, respond, expected) => {
    expect(await revoked(respond)).toStrictEqual(expected);
  });
});

describe('what each answer says', () => {
  const secondary = 'You have exceeded a secondary rate limit';
  const told: [string, Respond, SourceReadFailure][] = [
    ['401', refusal(401, 'Bad credentials'), failed('token_revoked')],
    ['a suspended account', refusal(403, 'Sorry. Your account was suspended.'), failed('user_suspended')],
    ['a missing scope, in a message', refusal(403, 'You need the read:user scope'), failed('scope_missing')],
    ['a permission', errors({ type: 'FORBIDDEN', message: 'Resource not accessible by it' }), failed('scope_missing')],
    ['scopes, in GraphQL', errors({ type: 'INSUFFICIENT_SCOPES', message: CANARY }), failed('scope_missing')],
    ['no header of scopes', saysJson(200, { data: { viewer: viewerOf({}) } }), failed('scope_missing')],
    [
      'other scopes',
      saysJson(200, { data: { viewer: viewerOf({}) } }, { 'x-oauth-scopes': 'repo, read:org, users' }),
      failed('scope_missing'),
    ],
    ['a user who is not found', errors({ type: 'NOT_FOUND', message: CANARY }), failed('user_gone')],
    ['another id', answer({ databaseId: 1006 }), failed('identity_mismatch')],
    ['another creation time', answer({ createdAt: '2024-02-29T12:00:00Z' }), failed('identity_mismatch')],
    ['single sign-on', refusal(403, CANARY, { 'x-github-sso': 'required; url=https://x' }), failed('sso_required')],
    [
      'single sign-on, in GraphQL without a header',
      errors({ type: 'FORBIDDEN', extensions: { saml_failure: true }, message: CANARY }),
      failed('sso_required'),
    ],
    [
      'single sign-on, in GraphQL by its header alone',
      saysJson(200, { errors: [{ message: CANARY }] }, { 'x-github-sso': 'required; url=https://x' }),
      failed('sso_required'),
    ],
    ['an answer that leaves out what needs a sign-on', partial(), failed('sso_required')],
    ['429 without a time', says(429, CANARY), failed('rate_limited', 60_000)],
    ['429 with a page', says(429, '<html>', { 'retry-after': '5' }), failed('rate_limited', 5_000)],
    ['403 with a time', refusal(403, CANARY, { 'retry-after': '30' }), failed('rate_limited', 30_000)],
    ['a secondary limit', refusal(403, secondary), failed('rate_limited', 60_000)],
    ['two times', refusal(429, secondary, { 'retry-after': ['5', '10'] }), failed('rate_limited', 60_000)],
    ['a time that is none', refusal(429, secondary, { 'retry-after': '-1' }), failed('rate_limited', 60_000)],
    ['a time of a year', refusal(429, secondary, { 'retry-after': '31536000' }), failed('rate_limited', 86_400_000)],
    [
      'a rate limit beside data',
      saysJson(200, { data: { viewer: viewerOf({}) }, errors: [{ type: 'RATE_LIMITED' }] }, SCOPE),
      failed('rate_limited', 60_000),
    ],
    [
      'maintenance with its end',
      says(503, '<h1>Down for maintenance</h1>', { 'retry-after': '120' }),
      failed('maintenance', 120_000),
    ],
  ];

  function partial(): Respond {
    const headers = { ...SCOPE, 'x-github-sso': 'partial-results; organizations=21955855' };
    return saysJson(200, { data: { viewer: viewerOf({}) } }, headers);
  }

  test.each(told)('%s', async (_name, respond, expected) => {
    expect(await readOf(respond)).toStrictEqual(expected);
  });

  test('scopes in two headers are one list', async () => {
    const twice = { 'x-oauth-scopes': ['repo', 'read:user'] };
    expect(await readOf(saysJson(200, { data: { viewer: viewerOf({}) } }, twice))).toMatchObject({ ok: true });
  });
});
