import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttp, type Http, type HttpLimits, type HttpOutcome } from '../../src/net/http.ts';
import { says, startOddServer, type OddServer, type Respond } from '../support/odd-server.ts';

let server: OddServer;
let http: Http;
beforeAll(async () => {
  server = await startOddServer();
});
afterEach(async () => {
  await http?.close();
  server.asked.length = 0;
});
afterAll(() => server.close());

const within = (limits: Partial<HttpLimits>) => {
  http = createHttp(limits);
  return http;
};
const at = (baseUrl: string) => ({ baseUrl, allowHttpLoopback: true });
const get = (client: Http, baseUrl = server.url, signal?: AbortSignal): Promise<HttpOutcome> =>
  client.requestJson({ method: 'GET', at: at(baseUrl), path: '/a', authorization: 'Bearer secret', signal });
const answered = (respond: Respond, limits: Partial<HttpLimits> = {}) => {
  server.answers(respond);
  return get(within(limits));
};
const failed = (reason: string) => ({ ok: false, reason });

/** A server below HTTP: it does with each connection what a test says. */
async function startRaw(meets: (socket: Socket) => void): Promise<{ address: string; server: Server }> {
  const raw = createServer((socket) => {
    socket.on('error', () => undefined);
    meets(socket);
  });
  raw.listen(0, '127.0.0.1');
  await once(raw, 'listening');
  return { address: `127.0.0.1:${(raw.address() as AddressInfo).port}`, server: raw };
}

describe('a request', () => {
  test('brings its answer whole: status, headers and body', async () => {
    const answer = await answered(says(418, 'tea', { 'x-pot': 'yes' }));
    expect(answer).toMatchObject({ ok: true, status: 418, headers: { 'x-pot': 'yes' }, body: Buffer.from('tea') });
  });

  test('carries what it was given and who we are, under the path of the address', async () => {
    server.answers(says(200, '{}'));
    await within({}).requestJson({
      method: 'POST',
      at: at(`${server.url}/git/`),
      path: '/api?x=1',
      authorization: 'Bearer secret',
      headers: { 'x-extra': '1' },
      body: '{"a":1}',
    });
    const { method, path, headers, body } = server.asked[0]!;
    expect([method, path, body]).toEqual(['POST', '/git/api?x=1', '{"a":1}']);
    expect(headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^unified-contributions\/\d+\.\d+/),
      'x-extra': '1',
    });
    expect(headers['cookie']).toBeUndefined();
  });

  test('is not sent on to where an answer points', async () => {
    const other = await startOddServer();
    const answer = await answered(says(302, '', { location: other.url }));
    expect(answer).toMatchObject({ ok: true, status: 302 });
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test('is not sent to an address that is not allowed', async () => {
    expect(await get(within({}), 'http://192.0.2.1')).toEqual(failed('address_not_allowed'));
    expect(await get(http, 'ftp://127.0.0.1')).toEqual(failed('address_not_allowed'));
    const strict = { baseUrl: server.url, allowHttpLoopback: false };
    expect(await http.requestJson({ method: 'GET', at: strict, path: '/' })).toEqual(failed('address_not_allowed'));
    expect(server.asked).toEqual([]);
  });

  test('is not sent with a header that HTTP cannot carry', async () => {
    const authorization = 'Bearer a\r\nx-evil: 1';
    const answer = await within({}).requestJson({ method: 'GET', at: at(server.url), path: '/', authorization });
    expect(answer).toEqual(failed('unsendable'));
    expect(server.asked).toEqual([]);
  });
});

describe('a server that gives no answer', () => {
  test('refuses the connection', async () => {
    const gone = await startOddServer();
    await gone.close();
    expect(await get(within({}), gone.url)).toEqual(failed('unreachable'));
  });

  test('breaks the connection before it answers', async () => {
    expect(await answered((response) => response.socket?.resetAndDestroy())).toEqual(failed('unreachable'));
  });

  test('speaks something else', async () => {
    const raw = await startRaw((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n')));
    expect(await get(within({}), `http://${raw.address}`)).toEqual(failed('unreachable'));
    raw.server.close();
  });

  test('hangs before the headers', async () => {
    expect(await answered(() => undefined, { headersTimeoutMs: 50 })).toEqual(failed('timed_out'));
  });

  test('hangs within the body', async () => {
    const half: Respond = (response) => response.writeHead(200, { 'content-length': '10' }).write('half');
    expect(await answered(half, { bodyTimeoutMs: 50 })).toEqual(failed('timed_out'));
  });

  test('goes on for ever, a byte at a time: the deadline ends it', async () => {
    const dripping: Respond = (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 5);
      response.once('close', () => clearInterval(drip));
    };
    expect(await answered(dripping, { deadlineMs: 80 })).toEqual(failed('timed_out'));
  });

  test('breaks off within the body', async () => {
    const cut: Respond = (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.socket?.resetAndDestroy());
    };
    expect(await answered(cut)).toEqual(failed('cut'));
  });

  test('speaks no TLS where HTTPS is expected: nothing of the request is sent', async () => {
    let heard = '';
    const raw = await startRaw((socket) => {
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    expect(await get(within({}), `https://${raw.address}`)).toEqual(failed('unreachable'));
    expect(heard).not.toContain('secret');
    raw.server.close();
  });

  test('accepts and never says hello: the time to connect ends it', async () => {
    const sockets: Socket[] = [];
    const raw = await startRaw((socket) => sockets.push(socket));
    const answer = await get(within({ connectTimeoutMs: 50, deadlineMs: 20_000 }), `https://${raw.address}`);
    expect(answer).toEqual(failed('timed_out'));
    for (const socket of sockets) socket.destroy();
    raw.server.close();
  });
});

describe('the size of an answer', () => {
  test('is bounded by what it says', async () => {
    const promising: Respond = (response) => response.writeHead(200, { 'content-length': '101' }).flushHeaders();
    expect(await answered(promising, { maxBodyBytes: 100 })).toEqual(failed('too_large'));
    const kept = says(200, 'x'.repeat(100), { 'content-length': '100' });
    expect(await answered(kept, { maxBodyBytes: 100 })).toMatchObject({ ok: true });
  });

  test('is bounded by what comes, where it says nothing', async () => {
    const chunked: Respond = (response) => {
      response.writeHead(200).write('x'.repeat(60), () => response.end('y'.repeat(60)));
    };
    expect(await answered(chunked, { maxBodyBytes: 119 })).toEqual(failed('too_large'));
    const body = Buffer.from('x'.repeat(60) + 'y'.repeat(60));
    expect(await answered(chunked, { maxBodyBytes: 120 })).toMatchObject({ ok: true, body });
  });
});

describe('what we give up', () => {
  test('is not begun if that was before', async () => {
    expect(await get(within({}), server.url, AbortSignal.abort())).toEqual(failed('aborted'));
    expect(server.asked).toEqual([]);
  });

  test('breaks the connection, whoever waits for an answer', async () => {
    const abort = new AbortController();
    const closed = new Promise<void>((resolve) => {
      server.answers((response) => {
        response.once('close', resolve);
        abort.abort();
      });
    });
    expect(await get(within({}), server.url, abort.signal)).toEqual(failed('aborted'));
    await closed;
  });

  test('is all that one signal was given to, and no answer that came before', async () => {
    const abort = new AbortController();
    const client = within({});
    server.answers(says(200, '{}'));
    expect(await get(client, server.url, abort.signal)).toMatchObject({ ok: true });
    const arrived = new Promise<void>((resolve) => {
      server.answers(() => void (server.asked.length === 4 && resolve()));
    });
    const waiting = [1, 2, 3].map(() => get(client, server.url, abort.signal));
    await arrived;
    abort.abort();
    expect(await Promise.all(waiting)).toEqual([failed('aborted'), failed('aborted'), failed('aborted')]);
    server.answers(says(200, '{}'));
    expect(await get(client, server.url, new AbortController().signal)).toMatchObject({ ok: true });
  });

  test('while it waited for a connection is never sent', async () => {
    const abort = new AbortController();
    const arrived = new Promise<ServerResponse>((resolve) => server.answers(resolve));
    const client = within({ connections: 1 });
    const [one, two] = [get(client), get(client, server.url, abort.signal)];
    abort.abort();
    expect(await two).toEqual(failed('aborted'));
    (await arrived).end('{}');
    expect(await one).toMatchObject({ ok: true });
    server.answers(says(200, '{}'));
    expect(await get(client)).toMatchObject({ ok: true });
    expect(server.asked).toHaveLength(2);
  });

  test('ends with the client: what is under way is cut, and nothing more is sent', async () => {
    const arrived = new Promise<void>((resolve) => server.answers(() => resolve()));
    const client = within({});
    const waiting = get(client);
    await arrived;
    await client.close();
    expect(await waiting).toEqual(failed('aborted'));
    expect(await get(client)).toEqual(failed('aborted'));
    expect(server.asked).toHaveLength(1);
  });
});

describe('one slow server', () => {
  test('takes no connection of another', async () => {
    const slow = await startOddServer();
    slow.answers(() => undefined);
    const client = within({ connections: 1, headersTimeoutMs: 20_000 });
    const [stuck, behind] = [get(client, slow.url), get(client, slow.url)];
    server.answers(says(200, '{}'));
    expect(await get(client)).toMatchObject({ ok: true });
    await client.close();
    expect(await Promise.all([stuck, behind])).toEqual([failed('aborted'), failed('aborted')]);
    await slow.close();
  });

  test('is waited for no longer than the deadline, by whoever waits for its connection too', async () => {
    server.answers(() => undefined);
    const client = within({ connections: 1, deadlineMs: 100 });
    const outcomes = await Promise.all([get(client), get(client), get(client)]);
    expect(outcomes).toEqual([failed('timed_out'), failed('timed_out'), failed('timed_out')]);
  });
});
