import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { SourceReadFailure } from '../../src/ports/source.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, saysJson, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { failed, instanceAt, window } from './reading.ts';

const TOKEN = 'gho_secret_of_devi';
const CANARY = 'canary-in-an-answer';
const DEVI = { userId: 1005, createdAt: '2019-03-14T08:30:00Z' };
const SCOPE = { 'x-oauth-scopes': 'read:user' };

let sources: Sources;
let server: OddServer;
beforeAll(async () => {
  sources = createSources();
  server = await startOddServer();
});
beforeEach(() => {
  server.asked.length = 0;
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
const whoamiOf = async (respond: Respond) => {
  server.answers(respond);
  return sources.ghes.whoami(instanceAt(server.url, 'ghes'), TOKEN);
};

const days = window.labels.map((date) => ({ date, contributionCount: 1 }));
const viewerOf = (changes: object, contributionDays: unknown[] = days) => ({
  databaseId: DEVI.userId,
  login: 'draman',
  createdAt: DEVI.createdAt,
  contributionsCollection: { contributionCalendar: { weeks: [{ contributionDays }] } },
  ...changes,
});
const answer = (changes: object = {}, contributionDays?: unknown[]) =>
  saysJson(200, { data: { viewer: viewerOf(changes, contributionDays) } }, SCOPE);
const weeks = (value: unknown) => answer({ contributionsCollection: { contributionCalendar: { weeks: value } } });
const day = (changes: object) => answer({}, [{ ...days[0], ...changes }, ...days.slice(1)]);
const errors = (...list: unknown[]) => saysJson(200, { data: null, errors: list }, SCOPE);
const refusal = (status: number, message: string, headers: Record<string, string | string[]> = {}) =>
  saysJson(status, { message, documentation_url: 'https://docs.example' }, headers);

test('an answer as it should be is read, so that the others differ by what they say', async () => {
  expect(await readOf(answer())).toMatchObject({ ok: true, ignored: 0 });
  expect(await readOf(answer({ createdAt: '2019-03-14T09:30:00+01:00' }))).toMatchObject({ ok: true });
});

describe('what cannot be right', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const wrong: [string, Respond][] = [
    ['nothing', says(200, '', SCOPE)],
    ['JSON that is cut', says(200, '{"data":{"viewer":{"databaseId":1005,', SCOPE)],
    ['two JSON texts', says(200, '{}{}', SCOPE)],
    ['HTML', says(200, `<html><body>${CANARY}</body></html>`, SCOPE)],
    ['null', saysJson(200, null, SCOPE)],
    ['a list', saysJson(200, [{ data: { viewer: viewerOf({}) } }], SCOPE)],
    ['a number', saysJson(200, 5, SCOPE)],
    ['no data', saysJson(200, {}, SCOPE)],
    ['no viewer', saysJson(200, { data: { viewer: null } }, SCOPE)],
    ['a viewer that is a list', saysJson(200, { data: { viewer: [viewerOf({})] } }, SCOPE)],
    ['200,000 lists within each other', says(200, deep, SCOPE)],
    ['a viewer of 200,000 lists', says(200, `{"data":{"viewer":${deep}}}`, SCOPE)],
    ['bytes that are no text', (response) => response.writeHead(200, SCOPE).end(Buffer.from([0xff, 0xfe, 0x00, 0x80]))],
    ['no id', answer({ databaseId: null })],
    ['an id that is a text', answer({ databaseId: '1005' })],
    ['no creation time', answer({ createdAt: null })],
    ['a creation time without a zone', answer({ createdAt: '2019-03-14T08:30:00' })],
    ['a creation time on a day that does not exist', answer({ createdAt: '2019-02-30T08:30:00Z' })],
    ['a creation time at an hour that does not exist', answer({ createdAt: '2019-03-14T25:30:00Z' })],
    ['no collection', answer({ contributionsCollection: null })],
    ['no weeks', weeks(null)],
    ['weeks that are no list', weeks({ 0: { contributionDays: days } })],
    ['a week that is null', weeks([null, { contributionDays: days }])],
    ['days that are no list', weeks([{ contributionDays: 'all' }])],
    ['a day that is null', weeks([{ contributionDays: [null, ...days] }])],
    ['a date that is a number', day({ date: 20_261_124 })],
    ['a date with a time', day({ date: `${window.from}T00:00:00Z` })],
    ['a count that is a text', day({ contributionCount: '1' })],
    ['a count that is null', day({ contributionCount: null })],
    ['a count below zero', day({ contributionCount: -1 })],
    ['half a count', day({ contributionCount: 1.5 })],
    ['a count beyond all numbers', says(200, beyondNumbers(), SCOPE)],
    ['a count that no ledger holds', day({ contributionCount: 3_000_000_000 })],
    ['the same day twice', answer({}, [...days, days[5]])],
    ['a missing day', answer({}, days.toSpliced(40, 1))],
    ['no errors, as a list of them', saysJson(200, { data: { viewer: viewerOf({}) }, errors: [] }, SCOPE)],
    ['errors that are no list', saysJson(200, { errors: CANARY }, SCOPE)],
    ['201', saysJson(201, { data: { viewer: viewerOf({}) } }, SCOPE)],
    ['204', says(204, '')],
    ['400', refusal(400, CANARY)],
    ['404', refusal(404, 'Not Found')],
    ['418', refusal(418, CANARY)],
  ];

  function beyondNumbers(): string {
    const text = JSON.stringify({ data: { viewer: viewerOf({}) } });
    return text.replace('"contributionCount":1}', '"contributionCount":1e999}');
  }

  test.each(wrong)('%s', async (_name, respond) => {
    expect(await readOf(respond)).toStrictEqual(failed('bad_answer'));
  });

  test.each<[string, Respond]>([
    ['no id', saysJson(200, { login: 'draman', site_admin: false, created_at: DEVI.createdAt }, SCOPE)],
    ['a fraction', saysJson(200, { id: 1.5, login: 'd', site_admin: false, created_at: DEVI.createdAt }, SCOPE)],
    ['zero', saysJson(200, { id: 0, login: 'd', site_admin: false, created_at: DEVI.createdAt }, SCOPE)],
    ['no role', saysJson(200, { id: 1005, login: 'd', created_at: DEVI.createdAt }, SCOPE)],
    ['no time', saysJson(200, { id: 1005, login: 'd', site_admin: false, created_at: 'then' }, SCOPE)],
    ['no login', saysJson(200, { id: 1005, site_admin: false, created_at: DEVI.createdAt }, SCOPE)],
    ['HTML', says(200, '<html>', SCOPE)],
  ])('a user: %s', async (_name, respond) => {
    expect(await whoamiOf(respond)).toStrictEqual(failed('bad_answer'));
  });

  test('an endless body is cut off at 2 MiB', async () => {
    let sent = 0;
    const piece = Buffer.alloc(256 * 1024, 0x20);
    const cut = new Promise<void>((resolve) => {
      server.answers((response) => {
        response.writeHead(200, SCOPE);
        const more = () => {
          sent += piece.length;
          response.write(piece, (error) => (error ? undefined : setImmediate(more)));
        };
        more();
        response.once('close', resolve);
      });
    });
    expect(await readFrom(server.url)).toStrictEqual(failed('bad_answer'));
    await cut;
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });
});

describe('what is no sign of a person', () => {
  test.each<[string, Respond]>([
    ['401 of a proxy', says(401, '<html><h1>Unauthorized</h1></html>')],
    ['401 without a word', says(401, '')],
    ['403 of a firewall', says(403, `<html>Your account was suspended ${CANARY}</html>`)],
    ['407', says(407, 'Proxy Authentication Required')],
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

describe('a token', () => {
  test('goes where it was registered to and nowhere else: a redirect is not followed', async () => {
    const other = await startOddServer();
    for (const status of [301, 302, 303, 307, 308]) {
      const moved = refusal(status, 'Moved Permanently', { location: `${other.url}/api/graphql` });
      expect(await readOf(moved)).toStrictEqual(failed('bad_answer'));
      expect(await whoamiOf(moved)).toStrictEqual(failed('bad_answer'));
    }
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test('is sent to an address in the clear only where the operator allowed it, and only to this machine', async () => {
    const refused = { ok: false, failure: 'source_unreachable', systemic: true };
    const loopback = { ...instanceAt(server.url, 'ghes'), allowHttpLoopback: false };
    expect(await sources.ghes.read(loopback, TOKEN, DEVI, window)).toStrictEqual(refused);
    expect(await readFrom('http://192.0.2.1')).toStrictEqual(refused);
    expect(await readFrom('http://ghes.acme.example:80@192.0.2.1')).toStrictEqual(refused);
    expect(server.asked).toEqual([]);
  });

  test('that no header can carry is one that the instance cannot accept', async () => {
    for (const token of ['gho_a\r\nx-evil: 1', 'gho_ж']) {
      const answered = await sources.ghes.read(instanceAt(server.url, 'ghes'), token, DEVI, window);
      expect(answered).toStrictEqual(failed('token_revoked'));
    }
    expect(server.asked).toEqual([]);
  });

  test('is in the header alone, and in nothing that is written down, whatever the answer is', async () => {
    const written = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write')];
    await readOf(refusal(401, `${CANARY} ${TOKEN}`));
    await readOf(says(200, `${CANARY} ${TOKEN}`));
    const lines = written.flatMap((spy) => spy.mock.calls.map(([text]) => String(text)));
    for (const spy of written) spy.mockRestore();
    expect(lines.filter((line) => line.includes(TOKEN) || line.includes(CANARY))).toEqual([]);
    const { headers, path, body } = server.asked[0]!;
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(path + body).not.toContain(TOKEN);
  });
});
