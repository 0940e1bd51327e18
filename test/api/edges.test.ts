import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createApp } from '../../src/api/app.ts';
import { LISTEN_LIMITS, listen, type ListenLimits } from '../../src/api/listener.ts';
import { createApiWorld, personToken, type ApiWorld } from './api-world.ts';
import { caller } from './client.ts';
import { rawClient } from './raw-client.ts';

let world: ApiWorld;
let token: string;
const servers: Server[] = [];
beforeAll(async () => {
  world = await createApiWorld();
  await world.register();
  token = await personToken(world, 'devi');
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
afterAll(() => world.close());

/** Limits that a test can wait for. */
const SHORT = { headersMs: 300, requestMs: 600, keepAliveMs: 300, checkEveryMs: 50, connections: 100 };

async function listening(changes: Partial<ListenLimits> = {}): Promise<number> {
  const limits = { ...LISTEN_LIMITS, ...SHORT, ...changes };
  const server = await listen(createApp(world.deps), { host: '127.0.0.1', port: 0 }, limits);
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

const HELLO = 'GET /healthz HTTP/1.1\r\nHost: uc.example\r\n';
const TOO_LATE = /^HTTP\/1\.1 408 /;

describe('a client that is too slow is cut off', () => {
  test('with its headers, however steadily it sends', async () => {
    const slow = await rawClient(await listening());
    slow.send(`${HELLO}X-Slow: `);
    slow.dribbles('zzz', 20);
    expect(await slow.closed()).toMatch(TOO_LATE);
  });

  test('with saying anything at all', async () => {
    const silent = await rawClient(await listening());
    expect(await silent.closed()).toMatch(TOO_LATE);
  });

  test('with its body', async () => {
    const slow = await rawClient(await listening());
    slow.send(
      `POST /api/v1/me/forget HTTP/1.1\r\nHost: uc.example\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    );
    slow.dribbles('{', 20);
    expect(await slow.closed()).toMatch(TOO_LATE);
  });

  test('with its next request', async () => {
    const idle = await rawClient(await listening());
    idle.send(`${HELLO}\r\n`);
    expect(await idle.closed()).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\{"status":"ok"\}$/);
  });

  test('with taking its answer', async () => {
    const port = await listening({ idleMs: 300, headersMs: 20_000, requestMs: 20_000, keepAliveMs: 20_000 });
    const cut = new Promise<string>((resolve) =>
      servers[0]!.once('connection', (socket: Socket) => socket.once('close', () => resolve('cut'))),
    );
    const deaf = await rawClient(port);
    deaf.socket.pause();
    // More answers than the buffers between hold.
    deaf.send(`GET /openapi.json HTTP/1.1\r\nHost: uc.example\r\n\r\n`.repeat(200));
    expect(await cut).toBe('cut');
    deaf.socket.destroy();
  });
});

describe('a request is bounded', () => {
  test('in the bytes of its headers', async () => {
    const client = await rawClient(await listening());
    client.send(`${HELLO}X-Large: ${'x'.repeat(LISTEN_LIMITS.headerBytes)}\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('in the number of its headers', async () => {
    const port = await listening();
    const withHeaders = async (count: number) => {
      const client = await rawClient(port);
      client.send(`${HELLO}${'X: 1\r\n'.repeat(count - 2)}Connection: close\r\n\r\n`);
      return client.closed();
    };
    expect(await withHeaders(100)).toMatch(/^HTTP\/1\.1 200 /);
    for (const count of [101, 102, 500]) {
      expect(await withHeaders(count)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"too_many_headers"/);
    }
  });

  test('in the length of its address', async () => {
    const anyone = caller(`http://127.0.0.1:${await listening()}`);
    const path = (length: number) => `/healthz?${'x'.repeat(length - '/healthz?'.length)}`;
    expect((await anyone.get(path(8192))).status).toBe(200);
    expect(await anyone.get(path(8193))).toMatchObject({ status: 414, code: 'uri_too_long' });
  });

  test('in the bytes of its body, whether it says how many or not', async () => {
    const me = caller(`http://127.0.0.1:${await listening()}`, token);
    const headers = { 'content-type': 'application/json' };
    const raw = JSON.stringify({ note: 'x'.repeat(64 * 1024) });
    const streamed = new Blob([raw]).stream();
    for (const sent of [raw, streamed]) {
      expect(await me.post('/api/v1/me/forget', undefined, { headers, raw: sent })).toMatchObject({
        status: 413,
        code: 'body_too_large',
      });
    }
  });
});

test('a process takes so many connections and no more, and takes another when one is closed', async () => {
  const port = await listening({ connections: 2, keepAliveMs: 20_000, headersMs: 20_000, requestMs: 20_000 });
  const [one, two] = [await rawClient(port), await rawClient(port)];
  for (const client of [one, two]) {
    client.send(`${HELLO}\r\n`);
    await client.hears('{"status":"ok"}');
  }
  const third = await rawClient(port);
  third.send(`${HELLO}\r\n`);
  expect(await third.closed()).toBe('');
  one.socket.end();
  await one.closed();
  const fourth = await rawClient(port);
  fourth.send(`${HELLO}\r\n`);
  expect(await fourth.hears('{"status":"ok"}')).toMatch(/^HTTP\/1\.1 200 /);
});

describe('every answer', () => {
  const answers = ['/docs', '/sign-in', '/healthz', '/nowhere', '/api/v1/connections', '/account/nowhere'];
  const serving = async (PUBLIC_URL: string) => {
    const app = createApp({ ...world.deps, config: { ...world.deps.config, PUBLIC_URL } });
    const server = await listen(app, { host: '127.0.0.1', port: 0 }, { ...LISTEN_LIMITS, connections: 10 });
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test.each(answers)('lets a page run nothing, load nothing and ask for nothing: %s', async (path) => {
    const { headers } = await fetch(world.url + path, { redirect: 'manual' });
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none';style-src 'sha256-[\w+/=]{44}';form-action 'self';base-uri 'none';frame-ancestors 'none'$/,
    );
    expect(headers.get('permissions-policy')).toMatch(/camera=\(\).*geolocation=\(\).*microphone=\(\)/);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect([headers.get('x-powered-by'), headers.get('server')]).toEqual([null, null]);
  });

  test('tells browsers to stay with TLS where they came by it, and not on a loopback address', async () => {
    const told = async (url: string) => (await fetch(`${url}/healthz`)).headers.get('strict-transport-security');
    expect(await told(await serving('https://uc.example'))).toBe('max-age=63072000');
    expect(await told(await serving('http://127.0.0.1:3000'))).toBeNull();
  });
});
