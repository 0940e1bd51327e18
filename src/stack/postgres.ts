import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Child, startChild } from './child.ts';
import { freePort, portTaken } from './ports.ts';
import { type Cluster, openCluster, serverEnvironment, startFailure } from './postgres-cluster.ts';
import { type Log, StackProblem } from './problem.ts';
import { commandLine } from './process-identity.ts';

export type PostgresOptions = {
  /** The stack's data folder: the cluster is `<dataDir>/postgres`, its password `<dataDir>/postgres.password`. */
  dataDir: string;
  port?: number;
  log: Log;
  /** False gives up crash safety for speed, in tests only. */
  durable?: boolean;
};

export type Postgres = {
  /** As the cluster's superuser. */
  url: string;
  /** As the role that API and worker run as, which is made with the tables. */
  applicationUrl: string;
  pid: number;
  child: Child;
  stop(): Promise<void>;
};

const DATABASE = 'unified_contributions';
const APPLICATION = 'unified_contributions';
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // DETAIL lines carry the values of the row that failed.
  log_error_verbosity: 'terse',
};
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Starts PostgreSQL on its data folder, which it makes on first use; `url` names the application's database. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, log, durable = true } = options;
  const cluster = await openCluster({ dataDir, log, durable });
  await reclaimPidFile(cluster.folder);
  const port = options.port ?? (await freePort());
  const child = await startServer(cluster, dataDir, {
    ...SETTINGS,
    ...(durable ? {} : NOT_DURABLE),
    port: String(port),
  });
  const url = `postgres://postgres:${cluster.password}@127.0.0.1:${port}/${DATABASE}`;
  await createDatabase(url);
  const applicationUrl = `postgres://${APPLICATION}:${passwordOf(APPLICATION, cluster)}@127.0.0.1:${port}/${DATABASE}`;
  return { url, applicationUrl, pid: child.pid, child, stop: () => child.stop(20_000) };
}

/** Made of the superuser's, so that both come and go with the cluster; nobody gets from this one to that one. */
function passwordOf(role: string, { password }: Cluster): string {
  return createHmac('sha256', password).update(role).digest('hex');
}

// A killed server leaves its postmaster.pid, and the pid in it may be a stranger's by now, which PostgreSQL cannot tell.
async function reclaimPidFile(folder: string): Promise<void> {
  const file = join(folder, 'postmaster.pid');
  const deadline = Date.now() + 15_000;
  while (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
    if (!commandLine(pid).includes(folder)) {
      rmSync(file, { force: true });
    } else if (Date.now() > deadline) {
      throw new StackProblem(
        `Another PostgreSQL (pid ${pid}) runs on ${folder}: stop it, or name another folder in DATA_DIR.`,
      );
    } else {
      await delay(50); // one that lost its launcher a moment ago is on its way out
    }
  }
}

async function startServer(cluster: Cluster, dataDir: string, settings: Record<string, string>): Promise<Child> {
  const child = startChild({
    name: 'postgres',
    command: cluster.server,
    args: ['-D', cluster.folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    dataDir,
    cwd: '/',
    // SIGTERM would wait for every client to leave; SIGINT is PostgreSQL's fast shutdown.
    stopSignal: 'SIGINT',
    env: serverEnvironment(),
    ...cluster.owner,
  });
  if (await child.line((line) => line.includes('ready to accept connections'))) return child;
  if (child.lastLines().some((line) => line.includes('Address already in use'))) {
    throw portTaken(Number(settings['port']), 'PostgreSQL', 'POSTGRES_PORT');
  }
  throw startFailure(child.lastLines(), dataDir, child.logFile);
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url.replace(/[^/]*$/, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
