import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import {
  DEMO_GITHUB_APPLICATION,
  DEMO_OAUTH_APPLICATION,
  DEMO_SUPPORT,
  DEMO_TOKENS,
} from '../../demo/peers/demo-people.ts';
import { keepText } from '../../demo/artifacts.ts';
import { startGitHubPeer, type GitHubPeer } from '../../demo/peers/github-peer.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { readCounts, sourceOf } from '../../src/activities/read-counts.ts';
import { createApp } from '../../src/api/app.ts';
import type { Deps } from '../../src/api/deps.ts';
import { loadConfig } from '../../src/config.ts';
import { createToken } from '../../src/db/api-tokens.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { createGitHubUser, githubSettings } from '../../src/identity/github-user.ts';
import { createSignIn } from '../../src/identity/sign-in.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { HttpLimits } from '../../src/net/http.ts';
import { createSources } from '../../src/sources/index.ts';
import { activityDeps, type WorkerParts } from '../../src/temporal/worker.ts';
import { createDatabase } from '../support/database.ts';
import { caller, type Caller } from './client.ts';

export interface ApiWorld {
  url: string;
  pool: Pool;
  deps: Deps;
  /** What workers of the same world are started with. */
  parts: WorkerParts;
  instance: InstancePeer;
  github: GitHubPeer;
  /** Every line that the API logged. */
  log: string[];
  /** Sets the API's clock; undefined goes back to the real one. */
  setClock(now: Date | undefined): void;
  anyone: Caller;
  operator: Caller;
  support: Caller;
  /** A person of the demo, known by key, at the instance that `register` made; signed in at GitHub.com as that one or another. */
  person(key: string, atGitHub?: string): Promise<Caller>;
  /** Registers the account `acme` and the demo's instance, and returns the instance's id. */
  register(): Promise<string>;
  /** Both sides enabled on an instance whose access was granted. */
  switchOn(instanceId: string): Promise<void>;
  close(): Promise<void>;
}

const OWNERS = { operator: { role: 'operator' }, support: { role: 'support', githubUserId: DEMO_SUPPORT } } as const;

/**
 * The built API on a free port with a database of its own, the peers, and no worker.
 * @param limits of requests to instances
 */
export async function createApiWorld(
  settings: Record<string, string> = {},
  limits: Partial<HttpLimits> = {},
): Promise<ApiWorld> {
  const database = await createDatabase();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [instance, github] = await Promise.all([startInstancePeer(), startGitHubPeer()]);
  const queue = randomBytes(4).toString('hex');
  const config = loadConfig({
    DATABASE_URL: database.url,
    TOKEN_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ALLOW_HTTP_LOOPBACK: 'true',
    PUBLIC_URL: url,
    CONNECT_BY_TOKEN: 'true',
    RATE_LIMIT_FACTOR: '1000',
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.url,
    GITHUB_CLIENT_ID: DEMO_GITHUB_APPLICATION.clientId,
    GITHUB_CLIENT_SECRET: DEMO_GITHUB_APPLICATION.clientSecret,
    TASK_QUEUE_PEOPLE: `people-${queue}`,
    TASK_QUEUE_SYNC: `sync-${queue}`,
    SYNC_SCHEDULE_ID: `sync-${queue}`,
    ...settings,
  });
  const pool = createPool({ url: config.DATABASE_URL, max: 10, applicationName: 'test' });
  const connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  const client = new Client({ connection });
  const sources = createSources(limits);
  const authority = createAuthority({ githubApiUrl: github.url, allowHttpLoopback: true });
  const githubUser = createGitHubUser(githubSettings(config));
  const signIn = createSignIn();
  const cipher = createTokenCipher(config.TOKEN_KEYS);
  const parts: WorkerParts = { config, client, pool, sources, authority, cipher };
  const log: string[] = [];
  let now: Date | undefined;
  const clock = () => now ?? new Date();
  const reading = activityDeps(parts);
  const deps: Deps = {
    config,
    pool,
    temporal: client,
    clock,
    authority,
    signIn,
    github: githubUser,
    sources,
    cipher,
    logger: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
    readCounts: (row, stored, window) =>
      readCounts(reading, sourceOf(reading, row), stored, window, () => clock().getTime()),
  };
  server.on('request', createApp(deps));
  const staff = async (role: 'operator' | 'support') =>
    caller(url, (await createToken(pool, { name: role, owner: OWNERS[role], actor: 'test', at: new Date() })).token);
  const world: ApiWorld = {
    url,
    pool,
    deps,
    parts,
    instance,
    github,
    log,
    setClock: (at) => void (now = at),
    anyone: caller(url),
    operator: await staff('operator'),
    support: await staff('support'),
    person: async (key, atGitHub) => caller(url, await personToken(world, key, atGitHub)),
    register: () => register(world),
    switchOn: (id) => switchOn(world, id),
    async close() {
      keepText('logs', 'api', log.join(''));
      await stop(server);
      await Promise.all([
        sources.close(),
        authority.close(),
        signIn.close(),
        githubUser.close(),
        instance.close(),
        github.close(),
        connection.close(),
        pool.end(),
      ]);
      await database.drop();
    },
  };
  return world;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** A token that carries both ids of a person of the demo. */
export async function personToken(
  { pool, instance, github }: ApiWorld,
  key: string,
  atGitHub: string = key,
): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select id from instance order by created_at limit 1');
  const { id: userId, createdAt } = instance.people.get(key);
  const person = {
    instanceId: rows[0]!.id,
    source: { userId, createdAt },
    githubUserId: github.people.get(atGitHub).id,
  };
  const made = await createToken(pool, { name: key, owner: { role: 'person', person }, actor: 'test', at: new Date() });
  return made.token;
}

async function register({ operator, instance }: ApiWorld): Promise<string> {
  const credential = DEMO_TOKENS.installation('acme');
  const account = await operator.post<{ id: string }>('/api/v1/accounts', {
    kind: 'organization',
    slug: 'acme',
    credential,
  });
  const made = await operator.post<{ id: string }>('/api/v1/instances', {
    hostname: 'ghes.acme.example',
    kind: 'ghes',
    baseUrl: instance.url,
    accountId: account.body.id,
    allowHttpLoopback: true,
    credential: DEMO_TOKENS.instanceReader,
    oauth: DEMO_OAUTH_APPLICATION,
  });
  await operator.put(`/api/v1/instances/${made.body.id}/connect`, { connected: true });
  return made.body.id;
}

async function switchOn(world: ApiWorld, instanceId: string): Promise<void> {
  // Access was granted by a request that is not this test's subject.
  await world.pool.query(
    `update instance set sharing_status = 'available' where id = $1 and sharing_status = 'unavailable'`,
    [instanceId],
  );
  const ada = await world.person('ada');
  for (const side of ['instance', 'account'])
    await ada.put(`/api/v1/instances/${instanceId}/sharing/${side}-side`, { enabled: true });
}
