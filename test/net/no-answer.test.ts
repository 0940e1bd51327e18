import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { startOddServer, type Respond } from '../support/odd-server.ts';
import { answered, failed, get, within } from './client.ts';

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
