import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { cliWith } from './cli.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const cliAt = (url: string) => cliWith({ UC_API_URL: url, UC_API_TOKEN: `uc_${'a'.repeat(43)}` });
const notTheApi = (url: string, status: number) => ({
  code: 3,
  out: '',
  err: expect.stringContaining(`What answers at ${url} is not the API of this release (HTTP ${status}).`),
});

test('a page of something else is not taken for an answer', async () => {
  const url = await serve((_req, res) => res.end('<h1>Welcome</h1>'));
  expect(await cliAt(url)('accounts list')).toEqual(notTheApi(url, 200));
});

test('an answer of another release is not printed as half of one', async () => {
  const url = await serve((_req, res) => res.end('{"items":[{"id":"1"}]}'));
  expect(await cliAt(url)('accounts list')).toEqual(notTheApi(url, 200));
});

test('a proxy that fails is told from a refusal', async () => {
  const url = await serve((_req, res) => res.writeHead(502).end('<h1>Bad gateway</h1>'));
  expect(await cliAt(url)('accounts list')).toEqual(notTheApi(url, 502));
});

test('the token follows no redirect', async () => {
  const reached: string[] = [];
  const elsewhere = await serve((req, res) => {
    reached.push(req.url ?? '');
    res.end('{"items":[]}');
  });
  const url = await serve((_req, res) => res.writeHead(302, { location: elsewhere }).end());
  expect(await cliAt(url)('accounts list')).toEqual(notTheApi(url, 302));
  expect(reached).toEqual([]);
});

test('where an act may have arrived before the connection broke, that is said', async () => {
  const url = await serve((req) => req.socket.destroy());
  const cli = cliAt(url);
  const act = await cli('sync trigger');
  expect(act).toMatchObject({ code: 3, out: '' });
  expect(act.err).toContain('Whether it was done is not known: look before you send it again.');
  const look = await cli('sync status');
  expect(look).toMatchObject({ code: 3, out: '' });
  expect(look.err).not.toContain('Whether it was done');
});
