import { join, resolve } from 'node:path';
import { DEMO_GITHUB_APPLICATION } from '../../demo/peers/demo-people.ts';
import { DEMO_STAFF_CLIENT, SUPPORT_GROUP } from '../../demo/peers/staff-accounts.ts';
import type { Child } from './child.ts';
import { createCrew, type Crew, STOPPED } from './crew.ts';
import { announce, openDataFolder, withdraw } from './data-folder.ts';
import { assertPortFree, freePort } from './ports.ts';
import { type Log, StackProblem } from './problem.ts';
import { type Peers, peersAddresses, startProgram, untilReady } from './programs.ts';
import { readSecrets, rememberedPorts, type Secrets } from './remembered.ts';
import { findOrStartDatabase, findOrStartTemporal } from './servers.ts';

type Part = 'peers' | 'api' | 'worker';
export type Ports = { api?: number; postgres?: number; temporal?: number; temporalUi?: number };

export type StackOptions = {
  /** Holds all state; made on first use, and refused when it holds files of something else. */
  dataDir: string;
  /** A port that is named must be free; for the others the last start's are taken again where they are free. */
  ports?: Ports;
  /** Settings of the children, over those of this process. */
  env?: Record<string, string>;
  /** All of them unless told. */
  parts?: readonly Part[];
  /** Erases the data folder first. */
  fresh?: boolean;
  /** False gives up the database's crash safety for speed, in tests only. */
  durable?: boolean;
  log?: Log;
  /** Aborted: what was started is stopped and the promise is rejected. */
  signal?: AbortSignal;
};

type Worker = {
  readonly pid: number;
  /** Resolves when it has ended; SIGKILL unless told. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, after stopping it in good order if it runs. */
  restart(): Promise<void>;
};

export type Stack = {
  databaseUrl: string;
  /** The same database as the owner of its tables: for migrations, dumps and repairs by hand. */
  ownerUrl: string;
  temporalAddress: string;
  temporalUi: string | undefined;
  apiUrl: string;
  /** Undefined only where `parts` leaves them out, like `worker`. */
  peers: Peers | undefined;
  worker: Worker | undefined;
  secrets: Secrets;
  logs: string;
  /** Resolves with a sentence when a child ends by itself; nothing else has been stopped then. */
  failed: Promise<StackProblem>;
  stop(): Promise<void>;
};

/** Starts the whole system and resolves when its API says it is ready; on a failure nothing is left running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { log = () => undefined, signal } = options;
  const dataDir = resolve(options.dataDir);
  const release = await openDataFolder(dataDir, options.fresh ?? false, log);
  const crew = createCrew();
  const stop = async () => {
    withdraw(dataDir);
    await crew.stop();
    release();
  };
  const interrupted = new Promise<StackProblem>((settle) => {
    const onAbort = () => settle(new StackProblem(STOPPED));
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const outcome = await Promise.race([assemble({ ...options, log, dataDir }, crew), crew.failed, interrupted]);
    if (outcome instanceof StackProblem) throw outcome;
    const { worker: _worker, secrets: _secrets, ...addresses } = outcome;
    announce(dataDir, addresses);
    return { ...outcome, failed: crew.failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Assembly = StackOptions & { log: Log };

async function assemble(options: Assembly, crew: Crew): Promise<Omit<Stack, 'failed' | 'stop'>> {
  const { dataDir, ports = {}, parts = ['peers', 'api', 'worker'] } = options;
  if (ports.api !== undefined && parts.includes('api')) await assertPortFree(ports.api, 'the API', 'PORT');
  const secrets = readSecrets(dataDir);
  const remembered = await rememberedPorts(dataDir, [
    'postgres',
    'temporal',
    'temporalUi',
    'instance',
    'github',
    'staff',
  ]);

  const common = { dataDir, log: options.log, crew };
  const [database, temporal, peers] = await Promise.all([
    findOrStartDatabase({
      ...common,
      port: ports.postgres ?? remembered('postgres'),
      durable: options.durable ?? true,
    }),
    findOrStartTemporal({
      ...common,
      port: ports.temporal ?? remembered('temporal'),
      uiPort: ports.temporalUi ?? remembered('temporalUi'),
    }),
    parts.includes('peers') ? demoPeers(options, remembered, crew) : undefined,
  ]);

  const port = ports.api ?? (await freePort());
  crew.assertGoing();
  const apiUrl = `http://127.0.0.1:${port}`;
  const env = {
    ...secrets,
    ...process.env,
    // The owner's, for migrations alone.
    MIGRATE_DATABASE_URL: undefined,
    ...temporal.env,
    DATABASE_URL: database.url,
    PORT: String(port),
    PUBLIC_URL: apiUrl,
    ...(peers ? demoSettings(peers) : {}),
    ...options.env,
  };
  const worker = parts.includes('worker') ? startWorker({ dataDir, env }, crew) : undefined;
  if (parts.includes('api')) {
    // It seals no audit record, so it gets no key for it.
    const api = crew.addProgram(
      startProgram('api', 'src/api/server.ts', { dataDir, env: { ...env, AUDIT_KEYS: undefined } }),
    );
    await untilReady(apiUrl, () => api.hasExited());
  }
  return {
    databaseUrl: database.url,
    ownerUrl: database.ownerUrl,
    temporalAddress: temporal.address,
    temporalUi: temporal.ui,
    apiUrl,
    peers,
    worker,
    secrets,
    logs: join(dataDir, 'logs'),
  };
}

/** What there is only beside the demo's peers: its people connect by the tokens that are written down for them, too. */
function demoSettings(peers: Peers): Record<string, string> {
  return {
    GITHUB_URL: peers.github,
    GITHUB_API_URL: peers.github,
    GITHUB_CLIENT_ID: DEMO_GITHUB_APPLICATION.clientId,
    GITHUB_CLIENT_SECRET: DEMO_GITHUB_APPLICATION.clientSecret,
    ALLOW_HTTP_LOOPBACK: 'true',
    STAFF_ISSUER: peers.staff,
    STAFF_CLIENT_ID: DEMO_STAFF_CLIENT.clientId,
    STAFF_CLIENT_SECRET: DEMO_STAFF_CLIENT.clientSecret,
    STAFF_CLAIM: `groups=${SUPPORT_GROUP}`,
    CONNECT_BY_TOKEN: 'true',
  };
}

async function demoPeers(
  { dataDir, env }: Assembly,
  port: (name: 'instance' | 'github' | 'staff') => number,
  crew: Crew,
) {
  const child = startProgram('peers', 'demo/peers/main.ts', {
    dataDir,
    env: {
      ...process.env,
      INSTANCE_PORT: String(port('instance')),
      GITHUB_PORT: String(port('github')),
      STAFF_PORT: String(port('staff')),
      PEERS_STATE: join(dataDir, 'peers.json'),
      ...env,
    },
  });
  return peersAddresses(crew.addProgram(child));
}

function startWorker(options: { dataDir: string; env: NodeJS.ProcessEnv }, crew: Crew): Worker {
  const start = () => crew.addProgram(startProgram('worker', 'worker.ts', options));
  let child: Child = start();
  return {
    get pid() {
      return child.pid;
    },
    async kill(signal = 'SIGKILL') {
      crew.dismiss(child);
      child.kill(signal);
      await child.exited;
    },
    async restart() {
      crew.dismiss(child);
      await child.stop();
      child = start();
    },
  };
}
