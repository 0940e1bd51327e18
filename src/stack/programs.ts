import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Child, startChild } from './child.ts';
import { StackProblem } from './problem.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_LIMIT_MS = 60_000;

const peers = z.object({ instance: z.url(), github: z.url(), staff: z.url() });
/** Addresses of the demo's instance, of its GitHub.com, and of the issuer where its support signs in. */
export type Peers = z.infer<typeof peers>;

export type ProgramOptions = { dataDir: string; env: NodeJS.ProcessEnv };

/** Starts a TypeScript program of this repository, named by its path from the root. */
export function startProgram(name: string, file: string, { dataDir, env }: ProgramOptions): Child {
  const path = join(ROOT, file);
  if (!existsSync(path)) throw new StackProblem(`${path} is missing: this checkout is not whole, get it again.`);
  // tsx is found from the root, so that it works whatever folder the person is in.
  return startChild({ name, command: process.execPath, args: ['--import', 'tsx', path], cwd: ROOT, dataDir, env });
}

/** The addresses that the demo peers print when they listen; undefined when they ended first. */
export async function peersAddresses(child: Child): Promise<Peers | undefined> {
  const line = await child.line((text) => text.startsWith('{"instance"'));
  return line === undefined ? undefined : peers.parse(JSON.parse(line));
}

/** Resolves when `<apiUrl>/readyz` answers 200, or when `stopped` says that nobody waits any longer. */
export async function untilReady(apiUrl: string, stopped: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = 'no answer';
  while (!stopped()) {
    const left = deadline - Date.now();
    if (left <= 0) {
      throw new StackProblem(
        `${apiUrl}/readyz did not answer 200 in ${READY_LIMIT_MS / 1000} s (${last}): see the logs of api and worker.`,
      );
    }
    try {
      const response = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(Math.min(left, 5_000)) });
      const body = await response.text();
      if (response.status === 200) return;
      last = `${response.status} ${body.slice(0, 200)}`;
    } catch {
      last = 'no answer';
    }
    await delay(25);
  }
}
