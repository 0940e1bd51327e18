import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hasGo, runGo } from './go-build.ts';
import { type Log, StackProblem } from './problem.ts';

export const GITEA_VERSION = '1.26.4';
const MODULE = 'code.gitea.io/gitea';
const MODULE_FILE = fileURLToPath(new URL('gitea-build/go.mod', import.meta.url));
const TAGS = 'sqlite sqlite_unlock_notify';

export interface GiteaBinary {
  /** Path of the program. */
  program: string;
  /** Its `STATIC_ROOT_PATH`: the folder with its templates and options. */
  staticRoot: string;
}

type GiteaBinaryOptions = { cacheDir: string; log: Log; env?: NodeJS.ProcessEnv };

/** Gitea as far as it was built before: undefined where it was not. */
export function builtGitea(cacheDir: string): GiteaBinary | undefined {
  const binary = binaryIn(homeIn(cacheDir));
  return existsSync(binary.program) ? binary : undefined;
}

const homeIn = (cacheDir: string): string => join(cacheDir, `gitea-${GITEA_VERSION}`);

function binaryIn(home: string): GiteaBinary {
  return { program: join(home, 'gitea'), staticRoot: join(home, 'static') };
}

/** Gitea from our cache, else built with Go from its module; whoever comes second waits for the first one's build. */
export async function findGiteaBinary({ cacheDir, log, env = process.env }: GiteaBinaryOptions): Promise<GiteaBinary> {
  const home = homeIn(cacheDir);
  const found = binaryIn(home);
  await buildOnce(found.program, `${home}.lock`, log, () => build(home, { cacheDir, log, env }));
  return found;
}

async function build(home: string, { cacheDir, log, env }: Required<GiteaBinaryOptions>): Promise<void> {
  if (!hasGo(env)) {
    throw new StackProblem('Gitea is built from its Go module, and there is no Go: install it (https://go.dev/dl).');
  }
  const workshop = `${home}.unfinished`;
  const cwd = join(workshop, 'module');
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(cwd, { recursive: true });
  copyFileSync(MODULE_FILE, join(cwd, 'go.mod'));
  log(`Building Gitea ${GITEA_VERSION} with Go, once for this machine; this takes some minutes.`);
  const name = `build-gitea-${GITEA_VERSION}`;
  const args = buildArguments(join(workshop, 'gitea'));
  const failure = await runGo({ name, args, cacheDir, workshop, cwd, env: { ...env, CGO_ENABLED: '1' }, log });
  if (failure !== undefined) {
    throw new StackProblem(`Building Gitea failed (${failure}): put that right and start again.`);
  }
  copyStatic(cwd, join(workshop, 'static'), env);
  rmSync(cwd, { recursive: true });
  rmSync(home, { recursive: true, force: true });
  renameSync(workshop, home);
}

function buildArguments(program: string): string[] {
  const link = `-s -w -X "main.Version=${GITEA_VERSION}" -X "main.Tags=${TAGS}"`;
  // -mod=mod writes the copied go.mod's other requirements; their sums are checked against Go's checksum database.
  return ['build', '-mod=mod', '-v', '-trimpath', '-tags', TAGS, '-ldflags', link, '-o', program, MODULE];
}

// Go's module cache may be emptied at any time, so what the program reads at run time is kept beside it.
function copyStatic(cwd: string, to: string, env: NodeJS.ProcessEnv): void {
  const options = { cwd, env: { ...env, GOFLAGS: '' }, encoding: 'utf8' } as const;
  const from = execFileSync('go', ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', MODULE], options).trim();
  for (const folder of ['options', 'templates', 'public']) copyFolder(join(from, folder), join(to, folder));
}

/** Copies a tree as a new one of ours: the module cache's read-only modes would make it hard to remove. */
export function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, copy);
    else {
      copyFileSync(source, copy);
      chmodSync(copy, 0o644);
    }
  }
}
