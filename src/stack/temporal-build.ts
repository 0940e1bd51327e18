import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.ts';
import { takeLock } from './lock.ts';
import { type Log, StackProblem } from './problem.ts';

const PROGRESS_MS = 5_000;

export type Build = {
  /** A main package with its version, such as `example.com/tool@v1.2.3`. */
  module: string;
  /** Where the program ends up. */
  target: string;
  /** Holds the log and the unfinished build. */
  cacheDir: string;
  log: Log;
  env: NodeJS.ProcessEnv;
};

/** Builds a program with Go and puts it in its place; whoever comes second waits for the first one's build. */
export async function buildWithGo(build: Build): Promise<string> {
  const { target, log } = build;
  if (spawnSync('go', ['version'], { stdio: 'ignore', env: build.env }).status !== 0) {
    throw new StackProblem(
      "Temporal's server is not on this machine, could not be downloaded, and there is no Go to build it: install Go (https://go.dev/dl) or " +
        'the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server of yours.',
    );
  }
  const lockFile = `${dirname(target)}.lock`;
  const asked = Date.now();
  for (let reported = 0; ; await delay(200)) {
    if (existsSync(target)) return target;
    const lock = takeLock(lockFile);
    if (lock.held) {
      try {
        return existsSync(target) ? target : await install(build);
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

async function install({ module, target, cacheDir, log, env }: Build): Promise<string> {
  const name = `build-${target.split('/').at(-2)}`;
  const workshop = join(cacheDir, `${name}.unfinished`);
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { recursive: true });
  log(`Building ${module} with Go, once for this machine; this takes some minutes.`);
  const started = Date.now();
  let packages = 0;
  let latest = 'resolving modules';
  const child = startChild({
    name,
    command: 'go',
    args: ['install', '-v', module],
    dataDir: cacheDir,
    env: { ...env, GOBIN: workshop, GOFLAGS: '' },
    onLine: (line) => {
      latest = line.startsWith('go: ') ? line.slice(4) : `compiling ${line}`;
      if (!line.startsWith('go: ')) packages += 1;
    },
  });
  const progress = setInterval(
    () => log(`Still building (${seconds(started)} s, ${packages} packages): ${latest}.`),
    PROGRESS_MS,
  );
  const { code } = await child.exited;
  clearInterval(progress);
  const built = join(workshop, module.replace(/@.*$/, '').split('/').at(-1) ?? '');
  if (code !== 0 || !existsSync(built)) {
    throw new StackProblem(
      `Building ${module} failed ("${child.lastLines().at(-1) ?? 'no output'}"; log: ${child.logFile}): put that right and start again, ` +
        'install the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  renameSync(built, target);
  rmSync(workshop, { recursive: true, force: true });
  log(`Built in ${seconds(started)} s.`);
  return target;
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
