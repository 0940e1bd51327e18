import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StackProblem } from './problem.ts';

/**
 * Below those that Linux, macOS and Windows give to outgoing connections (32768 or 49152 and up): one of these could be
 * taken by any connection before the server that it is meant for listens on it.
 */
const OURS = { from: 20_000, to: 32_000 };
const TRIES = 100;

/** A port of 127.0.0.1 that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = await tryListen(randomInt(OURS.from, OURS.to));
    if (port !== undefined) return port;
  }
  throw new StackProblem('No free port is left on 127.0.0.1; close some programs and try again.');
}

/** `preferred` when it is free, else any free port. */
export async function freePortNear(preferred: number | undefined): Promise<number> {
  return (preferred === undefined ? undefined : await tryListen(preferred)) ?? (await freePort());
}

/** Throws a StackProblem that names the setting when the port is taken. */
export async function assertPortFree(port: number, what: string, setting: string): Promise<void> {
  if ((await tryListen(port)) === undefined) throw portTaken(port, what, setting);
}

export function portTaken(port: number, what: string, setting: string): StackProblem {
  return new StackProblem(
    `Port ${port} of 127.0.0.1, which ${what} needs, cannot be used: stop the program that has it, or set ${setting} to another port.`,
  );
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
