import { createServer } from 'node:net';
import { StackProblem } from './problem.ts';

/** A port of 127.0.0.1 that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const port = await tryListen(0);
  if (port === undefined)
    throw new StackProblem('No free port is left on 127.0.0.1; close some programs and try again.');
  return port;
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
