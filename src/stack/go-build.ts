import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { takeLock } from './lock.ts';
import type { Log } from './problem.ts';

const PROGRESS_MS = 5_000;

export function hasGo(env: NodeJS.ProcessEnv): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore', env }).status === 0;
}

/** Resolves when `target` is there. One at a time builds it; whoever comes second waits for the first one's build. */
export async function buildOnce(target: string, lockFile: string, log: Log, build: () => Promise<void>): Promise<void> {
  const asked = Date.now();
  for (let reported = 0; !existsSync(target); await delay(200)) {
    const lock = takeLock(lockFile);
    if (lock.held) {
      try {
        if (!existsSync(target)) await build();
        return;
      } finally {
        lock.release();
      }
    }
    if (Date.now() - reported >= PROGRESS_MS) {
      reported = Date.now();
      log(`Waiting for process ${lock.holder.pid}, which builds the same server (${seconds(asked)} s).`);
    }
  }
}

export type GoRun = {
  /** Names its log, `<cacheDir>/logs/<name>.log`. */
  name: string;
  /** With `-v`: what it prints is its progress. */
  args: readonly string[];
  cacheDir: string;
  /** A folder that is there for this build alone; gone when this process ends before Go does. */
  workshop: string;
  cwd?: string;
  env: NodeJS.ProcessEnv;
  log: Log;
};

/** Runs Go and says every few seconds how far it is. @returns why it failed, or undefined */
export async function runGo({ log, workshop, env, ...options }: GoRun): Promise<string | undefined> {
  const started = Date.now();
  let packages = 0;
  let latest = 'resolving modules';
  const scratch = join(workshop, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const child = startChild({
    ...options,
    command: 'go',
    dataDir: options.cacheDir,
    // With GOFLAGS of the person's own it may build something else. A Go that is stopped leaves its scratch behind.
    env: { ...env, GOFLAGS: '', GOTMPDIR: scratch },
    onLine: (line) => {
      latest = line.startsWith('go: ') ? line.slice(4) : `compiling ${line}`;
      if (!line.startsWith('go: ')) packages += 1;
    },
  });
  const abandon = () => {
    killWhole(child);
    rmSync(workshop, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', abandon);
  const progress = setInterval(
    () => log(`Still building (${seconds(started)} s, ${packages} packages): ${latest}.`),
    PROGRESS_MS,
  );
  const { code } = await child.exited;
  clearInterval(progress);
  process.off('exit', abandon);
  rmSync(scratch, { recursive: true, force: true });
  if (code !== 0) return `"${child.lastLines().at(-1) ?? 'no output'}"; log: ${child.logFile}`;
  log(`Built in ${seconds(started)} s.`);
  return undefined;
}

/** Go and the compilers that it started: a child leads a process group of its own. */
function killWhole(go: Child): void {
  try {
    process.kill(-go.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
