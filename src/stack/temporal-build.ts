import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildOnce, hasGo, runGo } from './go-build.ts';
import { type Log, StackProblem } from './problem.ts';

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
  await buildOnce(build.target, `${dirname(build.target)}.lock`, build.log, () => install(build));
  return build.target;
}

async function install({ module, target, cacheDir, log, env }: Build): Promise<void> {
  if (!hasGo(env)) {
    throw new StackProblem(
      "Temporal's server is not on this machine, could not be downloaded, and there is no Go to build it: install Go (https://go.dev/dl) or " +
        'the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a server of yours.',
    );
  }
  const name = `build-${basename(dirname(target))}`;
  const workshop = join(cacheDir, `${name}.unfinished`);
  rmSync(workshop, { recursive: true, force: true });
  log(`Building ${module} with Go, once for this machine; this takes some minutes.`);
  const args = ['install', '-v', module];
  const failure = await runGo({ name, args, cacheDir, workshop, env: { ...env, GOBIN: workshop }, log });
  const built = join(workshop, basename(module.replace(/@.*$/, '')));
  if (failure !== undefined || !existsSync(built)) {
    throw new StackProblem(
      `Building ${module} failed (${failure ?? 'it made no program'}): put that right and start again, ` +
        'install the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  renameSync(built, target);
  rmSync(workshop, { recursive: true, force: true });
}
