import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { textOf } from '../../chaos/faults/reading.ts';
import { openLink, type Link } from '../../chaos/link.ts';

let echo: Server;
let link: Link;
let clients: Socket[];
beforeEach(async () => {
  clients = [];
  echo = createServer((socket) => void socket.on('error', () => socket.destroy()).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  link = await openLink('to an echo', { host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});
afterEach(async () => {
  clients.forEach((client) => client.destroy());
  await link.close();
  await new Promise((resolve) => echo.close(resolve));
});

/** Says something on the wire and gives what comes back, or how the wire broke. */
function says(text: string, on = opened()): Promise<string> {
  return new Promise((resolve) => {
    on.once('data', (answer) => resolve(String(answer)));
    on.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'broken'));
    on.once('close', () => resolve('closed'));
    on.write(text);
  });
}

function opened(): Socket {
  const client = connect(link.port, '127.0.0.1');
  clients.push(client);
  return client;
}

test('a whole wire passes on what is said', async () => {
  expect(await says('hello')).toBe('hello');
});

test('a reset breaks what is there; what comes after works', async () => {
  const wire = opened();
  await says('hello', wire);
  const broken = new Promise((resolve) => wire.once('close', resolve));
  wire.on('error', () => undefined);
  link.reset();
  await broken;
  expect(await says('again')).toBe('again');
});

test('a wire that is cut refuses until it is mended', async () => {
  link.cut();
  expect(['ECONNRESET', 'EPIPE', 'closed']).toContain(await says('hello'));
  link.mend();
  expect(await says('hello')).toBe('hello');
});

test('a stalled wire loses nothing', async () => {
  const wire = opened();
  await says('one', wire);
  link.stall();
  const answer = says('two', wire);
  link.mend();
  expect(await answer).toBe('two');
});

test('what a watcher stops never arrives, and its wire breaks', async () => {
  const seen: string[] = [];
  const stopWatching = link.watch(({ from, chunk }) => {
    seen.push(`${from}: ${String(chunk)}`);
    return false;
  });
  expect(['ECONNRESET', 'closed']).toContain(await says('commit'));
  expect(seen).toEqual(['client: commit']);
  stopWatching();
  expect(await says('commit')).toBe('commit');
});

test('what is compressed within a chunk is read as well', () => {
  const chunk = Buffer.concat([Buffer.from('frame'), gzipSync('"carried"'), Buffer.from('next frame')]);
  expect(textOf(chunk)).toContain('"carried"');
  expect(textOf(chunk.subarray(0, 20))).not.toContain('"carried"');
});
