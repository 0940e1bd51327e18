import type { LookupAddress } from 'node:dns';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Http } from '../../src/net/http.ts';
import { says, startOddServer, type OddServer } from '../support/odd-server.ts';

// What names mean is the only thing here that no program of a test can say.
const names = new Map<string, LookupAddress[]>();
jest.unstable_mockModule('node:dns', () => ({
  lookup: (host: string, _options: unknown, tell: (error: Error | null, found: LookupAddress[]) => void) =>
    tell(null, names.get(host) ?? []),
}));

const here: LookupAddress = { address: '127.0.0.1', family: 4 };
const there: LookupAddress = { address: '192.0.2.1', family: 4 };

let server: OddServer;
let http: Http;
beforeAll(async () => {
  const { createHttp } = await import('../../src/net/http.ts');
  server = await startOddServer();
  server.answers(says(200, '{}'));
  http = createHttp();
});
afterAll(async () => {
  await http.close();
  await server.close();
});

const get = (scheme: string, host: string) => {
  const baseUrl = `${scheme}://${host}:${new URL(server.url).port}`;
  return http.requestJson({ method: 'GET', at: { baseUrl, allowHttpLoopback: true }, path: '/' });
};

describe('plain HTTP to a name', () => {
  test('goes to this machine if the name means it', async () => {
    names.set('here.example', [here]);
    expect(await get('http', 'here.example')).toMatchObject({ ok: true, status: 200 });
  });

  test('goes nowhere if the name means another machine, now or among others', async () => {
    names.set('there.example', [there]);
    names.set('both.example', [here, there]);
    const refused = { ok: false, reason: 'address_not_allowed' };
    expect(await get('http', 'there.example')).toEqual(refused);
    expect(await get('http', 'both.example')).toEqual(refused);
  });

  test('goes nowhere if the name means another machine since the last request', async () => {
    names.set('moves.example', [here]);
    expect(await get('http', 'moves.example')).toMatchObject({ ok: true });
    names.set('moves.example', [there]);
    const [one, two] = await Promise.all([get('http', 'moves.example'), get('http', 'moves.example')]);
    // An open connection may serve again: it is to this machine. A new one is judged anew.
    expect([one, two]).toContainEqual({ ok: false, reason: 'address_not_allowed' });
  });
});

test('HTTPS may go to any machine: its certificate says who it is', async () => {
  // The name is not asked for here, and nobody at this address speaks TLS.
  names.set('localhost', [there]);
  expect(await get('https', 'localhost')).toEqual({ ok: false, reason: 'unreachable' });
});
