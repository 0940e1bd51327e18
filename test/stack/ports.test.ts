import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { freePort, freePortNear } from '../../src/stack/ports.ts';

test('a port that is given out is none that the system gives to outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(1024);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test('the port that was had before is given out again, unless somebody has it', async () => {
  const before = await freePort();
  expect(await freePortNear(before)).toBe(before);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  expect(await freePortNear(taken)).not.toBe(taken);
  server.close();
});
