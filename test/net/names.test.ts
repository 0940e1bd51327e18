import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type AddressInfo, type LookupFunction, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttp, type Http } from '../../src/net/http.ts';
import { says, startOddServer, type OddServer } from '../support/odd-server.ts';

// What names mean is the only thing here that no program of a test can say.
const names = new Map<string, LookupAddress[]>();
const asked: string[] = [];
const lookup: LookupFunction = (host, _options, tell) => {
  asked.push(host);
  tell(null, names.get(host) ?? []);
};

const here: LookupAddress = { address: '127.0.0.1', family: 4 };
const mapped: LookupAddress = { address: '::ffff:127.0.0.1', family: 6 };
const there: LookupAddress = { address: '140.82.112.3', family: 4 };
const metadata: LookupAddress = { address: '169.254.169.254', family: 4 };

let server: OddServer;
let http: Http;
beforeAll(async () => {
  server = await startOddServer();
  server.answers(says(200, '{}'));
  http = createHttp({}, lookup);
});
afterAll(async () => {
  await http.close();
  await server.close();
});

const refused = { ok: false, reason: 'address_not_allowed' };
const get = (scheme: string, host: string, allowHttpLoopback = true, port = new URL(server.url).port) => {
  const baseUrl = `${scheme}://${host}:${port}`;
  return http.requestJson({ method: 'GET', at: { baseUrl, allowHttpLoopback }, path: '/' });
};

describe('plain HTTP to a name', () => {
  test('goes to this machine if the name means it', async () => {
    names.set('here.example', [here]);
    expect(await get('http', 'here.example')).toMatchObject({ ok: true, status: 200 });
  });

  test('goes nowhere if the name means another machine, now or among others', async () => {
    names.set('there.example', [there]);
    names.set('both.example', [here, there]);
    expect(await get('http', 'there.example')).toEqual(refused);
    expect(await get('http', 'both.example')).toEqual(refused);
  });

  test('goes nowhere if the name means another machine since the last request', async () => {
    names.set('moves.example', [here]);
    expect(await get('http', 'moves.example')).toMatchObject({ ok: true });
    names.set('moves.example', [there]);
    const [one, two] = await Promise.all([get('http', 'moves.example'), get('http', 'moves.example')]);
    // An open connection may serve again: it is to this machine. A new one is judged anew.
    expect([one, two]).toContainEqual(refused);
  });

  test('is resolved once for a connection, and not for each request', async () => {
    names.set('kept.example', [here]);
    const one = createHttp({ connections: 1 }, lookup);
    const at = { baseUrl: server.url.replace('127.0.0.1', 'kept.example'), allowHttpLoopback: true };
    for (let request = 0; request < 5; request += 1) {
      expect(await one.requestJson({ method: 'GET', at, path: '/' })).toMatchObject({ ok: true });
    }
    expect(asked.filter((name) => name === 'kept.example')).toHaveLength(1);
    await one.close();
  });
});

describe('HTTPS to a name', () => {
  // Speaks no TLS: whoever reaches it is told nothing.
  let listener: Server;
  let connections = 0;
  afterEach(() => void listener.close());
  const listen = async (): Promise<string> => {
    connections = 0;
    listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return String((listener.address() as AddressInfo).port);
  };
  const reached = { ok: false, reason: 'unreachable' };

  test.each([
    ['this machine', [here]],
    ['this machine, written as IPv6', [mapped]],
    ['a metadata service', [metadata]],
    ['a metadata service among others', [there, metadata]],
  ])('makes no connection where it means %s', async (_what, means) => {
    const port = await listen();
    names.set('inside.example', means);
    expect(await get('https', 'inside.example', false, port)).toEqual(refused);
    names.set('inside.example', [here]);
    expect(await get('https', 'inside.example', true, port)).toEqual(reached);
    expect(connections).toBe(1);
  });

  test('makes its connection to the very address that was judged, whatever the name means a moment later', async () => {
    let answers = 0;
    const turning = createHttp({}, (_host, _options, tell) => {
      answers += 1;
      tell(null, [answers === 1 ? here : metadata]);
    });
    const at = { baseUrl: `https://turns.example:${await listen()}`, allowHttpLoopback: true };
    expect(await turning.requestJson({ method: 'GET', at, path: '/' })).toEqual(reached);
    expect([answers, connections]).toEqual([1, 1]);
    expect(await turning.requestJson({ method: 'GET', at, path: '/' })).toEqual(refused);
    await turning.close();
  });
});

test('a connection that one instance was allowed serves no other that was not', async () => {
  names.set('shared.example', [here]);
  expect(await get('http', 'shared.example')).toMatchObject({ ok: true });
  expect(await get('http', 'shared.example', false)).toEqual(refused);
  const at = { baseUrl: `https://shared.example:${new URL(server.url).port}`, allowHttpLoopback: false };
  expect(await http.requestJson({ method: 'GET', at, path: '/' })).toEqual(refused);
});
