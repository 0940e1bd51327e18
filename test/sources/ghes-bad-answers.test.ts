import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, saysJson, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { answer, CANARY, day, days, DEVI, refusal, SCOPE, TOKEN, viewerOf, weeks } from './ghes-answers.ts';
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
const whoamiOf = async (respond: Respond) => {
  server.answers(respond);
  return sources.ghes.whoami(instanceAt(server.url, 'ghes'), TOKEN);
};

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
    ['one day more, whose date is a number', answer({}, [...days, { date: 5, contributionCount: 1 }])],
    ['one day more, whose count is a text', answer({}, [...days, { date: '2025-01-01', contributionCount: '1' }])],
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
