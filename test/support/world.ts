import { randomBytes, randomUUID } from 'node:crypto';
import { Connection, Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import './runtime.ts';
import type { UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { askWorkflow } from '../../src/api/ask-workflow.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { insertConnection } from '../../src/db/connections.ts';
import { acceptRemoval } from '../../src/db/connection-steps.ts';
import { insertInstance } from '../../src/db/instances.ts';
import { applySharing, type SharingOutcome } from '../../src/db/sharing.ts';
import { createPool, inTransaction, type Pool } from '../../src/db/pool.ts';
import type { SharingCommand } from '../../src/domain/sharing.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { TokenCipher } from '../../src/ports/token-cipher.ts';
import { createGitHubUser, githubSettings, type GitHubUser } from '../../src/identity/github-user.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import { connectionStart, deliverIntent, wakeConnection } from '../../src/temporal/deliver.ts';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';
import { startWorkers, type RunningWorkers } from '../../src/temporal/worker.ts';
import {
  reconnectUpdate,
  sendUpdate,
  updateNowUpdate,
  type Act,
  type ActAnswer,
  type UpdateNowAnswer,
} from '../../src/workflows/connection.messages.ts';
import { createDatabase } from './database.ts';
import { eventually } from './eventually.ts';

export { eventually } from './eventually.ts';

export interface World {
  config: Config;
  pool: Pool;
  client: Client;
  peer: InstancePeer;
  cipher: TokenCipher;
  sources: Sources;
  github: GitHubUser;
  workers: RunningWorkers;
  instanceId: string;
  now(): Promise<string>;
  /** Skips time, for everybody: workflows, people and the instance. */
  sleep(duration: string): Promise<void>;
  sharing(command: SharingCommand): Promise<SharingOutcome>;
  switchOn(): Promise<void>;
  switchOff(): Promise<SharingOutcome>;
  /** Stops the workers, and starts those of the present code. */
  upgrade(): Promise<void>;
  /** @param maxEvents makes the workflow continue as new after so many events */
  connect(key: string, maxEvents?: number): Promise<Developer>;
  /** A developer who has ticked, and whose first counts are there. */
  sending(key: string): Promise<Developer>;
  close(): Promise<void>;
}

/** A developer as a test speaks of one. Acts go the way the API sends them. */
export interface Developer {
  id: string;
  key: string;
  /** @param operationId makes it the same act when it is sent again */
  send(operationId?: string): Promise<ActAnswer>;
  optOut(): Promise<void>;
  /** The opt-out’s transaction alone: the process died before it told anybody. */
  acceptOptOut(): Promise<void>;
  forget(): Promise<void>;
  reconnect(): Promise<ActAnswer>;
  updateNow(): Promise<UpdateNowAnswer>;
  wake(): Promise<void>;
  status(): Promise<string>;
  /** What the ledger holds, zeros left out. */
  counts(): Promise<{ date: string; count: number }[]>;
  until(status: string): Promise<void>;
}

/**
 * One instance with sharing available, its peer, a database and workers of the file's own, on the Temporal server given
 * or on the shared dev server.
 * @param options.bundlePath the workers' code until they are upgraded; the present one unless told
 */
export async function createWorld(
  options: {
    env?: TestWorkflowEnvironment;
    settings?: Record<string, string>;
    githubApiUrl?: string;
    bundlePath?: string;
  } = {},
): Promise<World> {
  const { env } = options;
  const database = await createDatabase();
  const queue = randomBytes(4).toString('hex');
  const config = loadConfig({
    DATABASE_URL: database.url,
    TOKEN_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ALLOW_HTTP_LOOPBACK: 'true',
    TASK_QUEUE_PEOPLE: `people-${queue}`,
    TASK_QUEUE_SYNC: `sync-${queue}`,
    RATE_LIMIT_FACTOR: '1000',
    ...options.settings,
  });
  const pool = createPool({ url: database.url, max: 10, applicationName: 'test' });
  const now = async () => new Date(env ? await env.currentTimeMs() : Date.now()).toISOString();
  let skewMs = 0;
  const setClocks = async () => {
    skewMs = Date.parse(await now()) - Date.now();
  };
  await setClocks();
  const peer = await startInstancePeer({ now: () => new Date(Date.now() + skewMs) });
  const sources = createSources();
  const authority = createAuthority({ githubApiUrl: options.githubApiUrl ?? peer.url, allowHttpLoopback: true });
  const github = createGitHubUser(githubSettings({ ...config, GITHUB_API_URL: peer.url }));
  const cipher = createTokenCipher(config.TOKEN_KEYS);
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  const connection = env ? undefined : await Connection.connect({ address: address! });
  const native = env ? undefined : await NativeConnection.connect({ address: address! });
  const client = env?.client ?? new Client({ connection: connection! });
  await registerSearchAttributes(client);
  const work = async (oldBundle?: string) => {
    // A worker that goes away must keep nothing: the time-skipping server would wait for it.
    const cached = oldBundle ? '0' : process.env['MAX_CACHED_WORKFLOWS'];
    return startWorkers(
      { config, client, pool, sources, authority, cipher },
      {
        connection: env?.nativeConnection ?? native!,
        namespace: 'default',
        bundlePath: oldBundle ?? (await workflowBundle(cacheFolder())),
        ...(cached && { maxCachedWorkflows: Number(cached) }),
      },
    );
  };
  const workers = await work(options.bundlePath);
  const instanceId = randomUUID();
  const accountId = randomUUID();
  await pool.query(`insert into account (id, kind, slug) values ($1, 'organization', 'acme')`, [accountId]);
  await insertInstance(pool, {
    id: instanceId,
    hostname: 'ghes.acme.example',
    kind: 'ghes',
    baseUrl: peer.url,
    accountId,
    allowHttpLoopback: true,
  });
  const settings = { connectGraceMs: config.CONNECT_GRACE, connectLooks: config.CONNECT_LOOKS };

  const world: World = {
    config,
    pool,
    client,
    peer,
    cipher,
    sources,
    github,
    workers,
    instanceId,
    now,
    async sleep(duration) {
      await env!.sleep(duration as Parameters<TestWorkflowEnvironment['sleep']>[0]);
      await setClocks();
    },
    async sharing(command) {
      const at = await now();
      const outcome = await inTransaction(pool, (tx) =>
        applySharing(tx, instanceId, { command, actor: 'test', at, operationId: randomUUID(), settings }),
      );
      if (outcome.turnsOff) {
        const intent = { kind: 'turn_off', subjectId: instanceId, generation: outcome.sharing.generation } as const;
        await deliverIntent(client, intent, config.TASK_QUEUE_PEOPLE);
      }
      return outcome;
    },
    async switchOn() {
      await world.sharing({ type: 'approve' });
      await world.sharing({ type: 'switch', side: 'instance', on: true });
      await world.sharing({ type: 'switch', side: 'account', on: true });
    },
    async upgrade() {
      await world.workers.stop();
      world.workers = await work();
    },
    switchOff: () => world.sharing({ type: 'switch', side: 'instance', on: false }),
    connect: (key, maxEvents) => connectDeveloper(world, key, maxEvents),
    async sending(key) {
      const developer = await world.connect(key);
      await developer.until('connected');
      await developer.send();
      await eventually(async () => (await developer.counts()).length > 0, 'the first counts');
      return developer;
    },
    async close() {
      await world.workers.stop();
      await Promise.all([
        sources.close(),
        authority.close(),
        github.close(),
        peer.close(),
        pool.end(),
        native?.close(),
        connection?.close(),
      ]);
      await database.drop();
    },
  };
  return world;
}

async function connectDeveloper(world: World, key: string, maxEvents?: number): Promise<Developer> {
  const { pool, client, config } = world;
  const person = world.peer.people.get(key);
  const id = randomUUID();
  const profileId = randomUUID();
  await pool.query('insert into profile (id, github_user_id) values ($1, $2)', [profileId, 500_000 + person.id]);
  const token = world.cipher.seal(DEMO_TOKENS.instance(key), id);
  const asOf = await world.now();
  await inTransaction(pool, (tx) =>
    insertConnection(tx, {
      id,
      instanceId: world.instanceId,
      sourceUserId: person.id,
      sourceCreatedAt: person.createdAt,
      profileId,
      token: { ...token, refreshCiphertext: null, expiresAt: null },
      actor: 'test',
      operationId: randomUUID(),
      asOf,
    }),
  );
  await client.workflow.start('connection', {
    ...connectionStart(id, config.TASK_QUEUE_PEOPLE),
    ...(maxEvents !== undefined && { args: [{ connectionId: id, maxEvents }] }),
  });
  // The way the API sends it.
  const ask = async <Ret, A extends Act>(update: UpdateDefinition<Ret, [A]>, args: [A]): Promise<Ret> => {
    const start = { ...connectionStart(id, config.TASK_QUEUE_PEOPLE), type: 'connection' } as const;
    const asked = await askWorkflow({
      temporal: client,
      start: { ...start, workflowIdConflictPolicy: 'USE_EXISTING' },
      update,
      args,
      updateId: args[0].operationId,
    });
    if (!asked.answered) throw new Error('no answer in time');
    return asked.value;
  };
  const act = async () => ({ operationId: randomUUID(), actor: 'test', asOf: await world.now() });
  const accept = async (kind: 'opt_out' | 'forget') => {
    const removal = { connectionId: id, kind, operationId: randomUUID(), actor: 'test', asOf: await world.now() };
    await inTransaction(pool, (tx) => acceptRemoval(tx, { ...removal, restoreWindowMs: config.RESTORE_WINDOW }));
  };
  const remove = async (kind: 'opt_out' | 'forget') => {
    await accept(kind);
    await wakeConnection(client, id, config.TASK_QUEUE_PEOPLE);
  };
  const developer: Developer = {
    id,
    key,
    send: async (operationId) =>
      ask(sendUpdate, [{ ...(await act()), ...(operationId && { operationId }), consentVersion: '1' }]),
    optOut: () => remove('opt_out'),
    acceptOptOut: () => accept('opt_out'),
    forget: () => remove('forget'),
    reconnect: async () => ask(reconnectUpdate, [await act()]),
    updateNow: async () => ask(updateNowUpdate, [{ ...(await act()), everyMs: config.UPDATE_NOW_EVERY }]),
    wake: () => wakeConnection(client, id, config.TASK_QUEUE_PEOPLE),
    async status() {
      const { rows } = await pool.query<{ status: string }>('select status from connection where id = $1', [id]);
      return rows[0]!.status;
    },
    async counts() {
      const { rows } = await pool.query<{ date: string; count: number }>(
        'select date::text as date, count from ledger_day where connection_id = $1 order by 1',
        [id],
      );
      return rows;
    },
    until: (status) => eventually(async () => (await developer.status()) === status, `status ${status}`),
  };
  return developer;
}
