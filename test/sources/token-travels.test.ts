import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { says, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';
import { CANARY, DEVI, refusal, TOKEN } from './ghes-answers.ts';
import { failed, instanceAt, window } from './reading.ts';

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
