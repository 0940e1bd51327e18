import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { type Child, startChild } from './child.ts';
import { assertPortFree, freePort } from './ports.ts';
import { type Log, StackProblem } from './problem.ts';

export { findTemporalBinary } from './temporal-binary.ts';

type SearchAttributeType = 'Keyword' | 'KeywordList' | 'Text' | 'Int' | 'Double' | 'Bool' | 'Datetime';

export type TemporalOptions = {
  /** Path of the `temporal` program. */
  binary: string;
  /** Keeps the state over a restart; without it everything is lost when the server stops. */
  dbFile?: string;
  port?: number;
  /** Starts the web UI there; none without it. */
  uiPort?: number;
  namespace: string;
  log: Log;
  searchAttributes?: Record<string, SearchAttributeType>;
  /** For log and pid file; the folder of `dbFile` unless told, else a temporary one. */
  dataDir?: string;
  /** Settings of the server's own, over its defaults. */
  dynamicConfig?: Record<string, number>;
};

export type Temporal = { address: string; uiAddress?: string; pid: number; child: Child; stop(): Promise<void> };

/** How long ended workflows can still be looked at; the dev server's own default is a day. */
const RETENTION = '7 days';
const READY_LIMIT_MS = 60_000;
/**
 * A shard looks for new tasks 20 times a second by default, which is meant for hundreds of shards. This server has one:
 * after two dozen steps every further one of any workflow would wait for 40 ms.
 */
const QUEUE_READS = ['history.transferProcessorMaxPollRPS', 'history.timerProcessorMaxPollRPS'];

/** Starts a development server and resolves when its namespace answers. */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const { dbFile, uiPort, namespace } = options;
  if (options.port !== undefined) await assertPortFree(options.port, "Temporal's server", 'TEMPORAL_PORT');
  if (uiPort !== undefined) await assertPortFree(uiPort, "Temporal's web UI", 'TEMPORAL_UI_PORT');
  const port = options.port ?? (await freePort());
  const temporary = options.dataDir === undefined && dbFile === undefined;
  const dataDir = temporary ? mkdtempSync(join(tmpdir(), 'temporal-')) : (options.dataDir ?? dirname(dbFile ?? ''));
  const child = startChild({
    name: 'temporal',
    command: options.binary,
    args: serverArguments(options, port),
    dataDir,
    // TEMPORAL_* of the person's shell are for clients.
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TZ: 'UTC',
      // It would tell its maker about this server once a day.
      TEMPORAL_VERSION_CHECK_DISABLED: '1',
    },
  });
  const stop = async () => {
    await child.stop();
    if (temporary) rmSync(dataDir, { recursive: true, force: true });
  };
  const address = `127.0.0.1:${port}`;
  try {
    await untilReady(child, port, namespace);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    pid: child.pid,
    child,
    stop,
    ...(uiPort === undefined ? {} : { uiAddress: `http://127.0.0.1:${uiPort}` }),
  };
}

function serverArguments(
  { dbFile, uiPort, namespace, searchAttributes = {}, dynamicConfig = {} }: TemporalOptions,
  port: number,
): string[] {
  const place = ['--ip', '127.0.0.1', '--port', String(port), '--namespace', namespace];
  const attributes = Object.entries(searchAttributes).map(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  return [
    'server',
    'start-dev',
    ...place,
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...attributes.flat(),
    ...QUEUE_READS.flatMap((name) => ['--dynamic-config-value', `${name}=500`]),
    ...Object.entries(dynamicConfig).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
    '--log-format',
    'json',
    '--log-level',
    'warn',
  ];
}

async function untilReady(child: Child, port: number, namespace: string): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last: unknown = 'its port does not answer';
  while (Date.now() < deadline) {
    if (child.hasExited())
      throw new StackProblem(
        `Temporal's server stopped while it started ("${lastWords(child)}"); its log is ${child.logFile}.`,
      );
    try {
      // gRPC waits a second after a refused connection: knock by TCP first.
      await knock(port);
      return await setRetention(port, namespace);
    } catch (error) {
      last = error;
      await delay(25);
    }
  }
  throw new StackProblem(
    `Temporal's server did not get ready in ${READY_LIMIT_MS / 1000} s (${String(last)}); its log is ${child.logFile}.`,
  );
}

async function setRetention(port: number, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '10s' });
  try {
    const config = { workflowExecutionRetentionTtl: msToTs(RETENTION) };
    await connection.workflowService.updateNamespace({ namespace, config });
  } finally {
    await connection.close();
  }
}

function knock(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(void socket.destroy()));
    socket.once('error', reject);
  });
}

function lastWords(child: Child): string {
  return child.lastLines().at(-1) ?? 'no output';
}
