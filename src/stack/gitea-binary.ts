import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.ts';
import { takeLock } from './lock.ts';
import { type Log, StackProblem } from './problem.ts';

export const GITEA_VERSION = '1.26.4';
const MODULE = 'code.gitea.io/gitea';
const MODULE_FILE = fileURLToPath(new URL('gitea-build/go.mod', import.meta.url));
const TAGS = 'sqlite sqlite_unlock_notify';
const PROGRESS_MS = 5_000;

export interface GiteaBinary {
  /** Path of the program. */
  program: string;
  /** Its `STATIC_ROOT_PATH`: the folder with its templates and options. */
  staticRoot: string;
}

/** Gitea from our cache, else built with Go from its module; whoever comes second waits for the first one's build. */
export async function findGiteaBinary({ cacheDir, log }: { cacheDir: string; log: Log }): Promise<GiteaBinary> {
  const home = join(cacheDir, `gitea-${GITEA_VERSION}`);
  const found = { program: join(home, 'gitea'), staticRoot: join(home, 'static') };
  const asked = Date.now();
  for (let reported = 0; ; await delay(200)) {
    if (existsSync(found.program)) return found;
    const lock = takeLock(`${home}.lock`);
    if (lock.held) {
      try {
        if (!existsSync(found.program)) await build(cacheDir, home, log);
        return found;
      } finally {
        lock.release();
      }
    }
    if (Date.now() - reported >= PROGRESS_MS) {
      reported = Date.now();
      log(`Waiting for process ${lock.holder.pid}, which builds Gitea (${seconds(asked)} s).`);
    }
  }
}

async function build(cacheDir: string, home: string, log: Log): Promise<void> {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) {
    throw new StackProblem('Gitea is built from its Go module, and there is no Go: install it (https://go.dev/dl).');
  }
  const workshop = `${home}.unfinished`;
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(join(workshop, 'module'), { recursive: true });
  copyFileSync(MODULE_FILE, join(workshop, 'module', 'go.mod'));
  log(`Building Gitea ${GITEA_VERSION} with Go, once for this machine; this takes some minutes.`);
  const started = Date.now();
  const program = join(workshop, 'gitea');
  await compile(join(workshop, 'module'), program, cacheDir, log);
  copyStatic(join(workshop, 'module'), join(workshop, 'static'));
  rmSync(join(workshop, 'module'), { recursive: true });
  rmSync(home, { recursive: true, force: true });
  mkdirSync(dirname(home), { recursive: true });
  renameSync(workshop, home);
  log(`Built in ${seconds(started)} s.`);
}

async function compile(cwd: string, program: string, cacheDir: string, log: Log): Promise<void> {
  const started = Date.now();
  let packages = 0;
  let latest = 'resolving modules';
  const link = `-s -w -X "main.Version=${GITEA_VERSION}" -X "main.Tags=${TAGS}"`;
  const child = startChild({
    name: `build-gitea-${GITEA_VERSION}`,
    command: 'go',
    // -mod=mod writes the copied go.mod's other requirements; their sums are checked against Go's checksum database.
    args: ['build', '-mod=mod', '-v', '-trimpath', '-tags', TAGS, '-ldflags', link, '-o', program, MODULE],
    dataDir: cacheDir,
    cwd,
    env: goEnvironment(),
    onLine: (line) => {
      latest = line.startsWith('go: ') ? line.slice(4) : `compiling ${line}`;
      if (!line.startsWith('go: ')) packages += 1;
    },
  });
  const report = () => log(`Still building (${seconds(started)} s, ${packages} packages): ${latest}.`);
  const progress = setInterval(report, PROGRESS_MS);
  const { code } = await child.exited;
  clearInterval(progress);
  if (code === 0 && existsSync(program)) return;
  throw new StackProblem(
    `Building Gitea failed ("${child.lastLines().at(-1) ?? 'no output'}"; log: ${child.logFile}): put that right and start again.`,
  );
}

// Go's module cache may be emptied at any time, so what the program reads at run time is kept beside it.
function copyStatic(cwd: string, to: string): void {
  const options = { cwd, env: goEnvironment(), encoding: 'utf8' } as const;
  const from = execFileSync('go', ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', MODULE], options).trim();
  mkdirSync(to);
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

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOFLAGS: '', CGO_ENABLED: '1' };
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
