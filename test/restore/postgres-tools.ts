import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createPool } from '../../src/db/pool.ts';
import { freePort } from '../../src/stack/ports.ts';
import { eventually } from '../support/eventually.ts';

const PROGRAMS = ['initdb', 'postgres', 'pg_dump', 'pg_restore', 'pg_basebackup', 'createdb'];
const DEBIAN = '/usr/lib/postgresql';

/** Where PostgreSQL's own programs are, server and tools of one version, 15 or later; nowhere on many a machine. */
export function findTools(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...debian.toSorted().toReversed()];
  return folders.find((folder) => folder && PROGRAMS.every((name) => existsSync(join(folder, name))) && isNew(folder));
}

const isNew = (folder: string) =>
  Number(/ (\d+)/.exec(execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1]) >= 15;

export interface Server {
  port: number;
  stop(): Promise<void>;
}

/** A cluster of these programs, run as another user where this is root. */
export class Cluster {
  readonly #tools: string;
  readonly #owner: { uid: number; gid: number } | undefined;

  constructor(tools: string) {
    this.#tools = tools;
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    this.#owner = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : undefined;
  }

  /** A folder that the server's user may write. */
  folder(path: string): string {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (this.#owner) chownSync(path, this.#owner.uid, this.#owner.gid);
    return path;
  }

  make(path: string): void {
    this.folder(path);
    this.#run('initdb', ['--pgdata', path, '--username=postgres', '--auth=trust', '--no-sync', '--encoding=UTF8']);
  }

  configure(path: string, lines: readonly string[]): void {
    const file = join(path, 'postgresql.conf');
    writeFileSync(file, [readFileSync(file, 'utf8'), ...lines, ''].join('\n'));
  }

  /** A command as a document has it. */
  shell(command: string, env: Record<string, string>): void {
    const PATH = `${this.#tools}:${process.env['PATH']}`;
    execFileSync('bash', ['-c', command], { env: { PATH, ...env }, cwd: '/', stdio: 'pipe', ...this.#owner });
  }

  async start(path: string): Promise<Server> {
    const port = await freePort();
    const args = ['-D', path, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off'];
    const child = spawn(join(this.#tools, 'postgres'), args, { cwd: '/', stdio: 'ignore', ...this.#owner });
    const server = { port, stop: () => stopped(child) };
    const pool = createPool({ url: urlOf(port, 'postgres'), max: 1, applicationName: 'test' });
    const isUp = async () =>
      (await pool.query('select pg_is_in_recovery() as r').catch(() => undefined))?.rows[0].r === false;
    try {
      await eventually(isUp, 'PostgreSQL takes writes', 60_000);
    } catch (error) {
      await server.stop();
      throw error;
    } finally {
      await pool.end();
    }
    return server;
  }

  #run(program: string, args: string[]): void {
    execFileSync(join(this.#tools, program), args, { cwd: '/', stdio: 'pipe', ...this.#owner });
  }
}

export const urlOf = (port: number, database: string, role = 'postgres'): string =>
  `postgres://${role}:secret@127.0.0.1:${port}/${database}`;

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'exit');
}
