import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { keepLogs } from '../../demo/artifacts.ts';
import { DEMO_TOKENS, DEMO_SUPPORT } from '../../demo/peers/demo-people.ts';
import { peopleAt, tokenFor } from '../../demo/people-tokens.ts';
import { createApi, ok } from '../../demo/story/api.ts';
import { databaseOf, type Database } from '../../demo/story/database.ts';
import { peerAt, type Peer } from '../../demo/story/peers.ts';
import {
  developer,
  operator,
  siteAdmin,
  support,
  type Developer,
  type Operator,
  type SiteAdmin,
  type Support,
} from '../../demo/story/people.ts';
import { until } from '../../demo/story/until.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { startStack, type Stack, type StackOptions } from '../../src/stack/stack.ts';

const SETTINGS = { SYNC_EVERY: '365d', SWEEP_EVERY: '200ms', RATE_LIMIT_FACTOR: '1000' };

/** A whole system on a folder of its own, that is stopped, copied and started again. */
export interface System {
  stack: Stack;
  pool: Pool;
  database: Database;
  temporal: Client;
  operator: Operator;
  support: Support;
  instance: Peer;
  person(key: string, instanceId: string): Promise<Developer>;
  admin(instanceId: string): Promise<SiteAdmin>;
  /** An instance that access was granted to. */
  registers(hostname: string): Promise<string>;
  stop(): Promise<void>;
}

export function newFolder(): { path: string; clear(): void } {
  const path = mkdtempSync(join(tmpdir(), 'uc-restore-'));
  // PostgreSQL's own user, where root starts it, passes through.
  chmodSync(path, 0o711);
  return {
    path,
    clear() {
      keepLogs(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The servers alone, as they are when a restore begins. */
export function startServers(dataDir: string): Promise<Stack> {
  return startStack({ dataDir, parts: [], durable: false });
}

/** @param parts all of them unless told */
export async function startSystem(dataDir: string, parts?: StackOptions['parts']): Promise<System> {
  const stack = await startStack({ dataDir, env: SETTINGS, durable: false, ...(parts && { parts }) });
  const pool = createPool({ url: stack.databaseUrl, max: 4, applicationName: 'test' });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const peers = stack.peers!;
  const identityOf = await peopleAt(peers);
  const apiOf = async (owner: Parameters<typeof tokenFor>[1]) => createApi(stack.apiUrl, await tokenFor(pool, owner));
  const apiOfPerson = (key: string, instanceId: string) =>
    apiOf({ role: 'person', person: { instanceId, ...identityOf(key) } });
  const system: System = {
    stack,
    pool,
    database: databaseOf(pool),
    temporal: new Client({ connection }),
    operator: operator(await apiOf({ role: 'operator' })),
    support: support(await apiOf({ role: 'support', githubUserId: DEMO_SUPPORT })),
    instance: peerAt(peers.instance),
    person: async (key, instanceId) => {
      const one = developer(await apiOfPerson(key, instanceId), instanceId, key);
      await one.finds();
      return one;
    },
    admin: async (instanceId) => siteAdmin(await apiOfPerson('ada', instanceId), instanceId),
    registers: (hostname) => register(system, hostname),
    async stop() {
      await Promise.all([pool.end(), connection.close()]);
      await stack.stop();
    },
  };
  return system;
}

async function register({ operator: op, stack }: System, hostname: string): Promise<string> {
  const credential = DEMO_TOKENS.installation('acme');
  const accountId = await op.registersAccount('organization', 'acme', credential);
  const id = await op.registersInstance({
    hostname,
    kind: 'ghes',
    baseUrl: stack.peers!.instance,
    accountId,
    credential: DEMO_TOKENS.instanceReader,
  });
  await op.recordsConnect(id, true);
  return id;
}

/** Both sides enabled on instances whose access was granted by requests that are not the test's subject. */
export async function turnsOn(system: System, instanceIds: string[]): Promise<void> {
  await system.pool.query(`update instance set sharing_status = 'available' where id = any($1)`, [instanceIds]);
  for (const at of instanceIds) {
    const ada = await system.admin(at);
    ok(await ada.enables('instance'));
    ok(await ada.enables('account'));
  }
}

/** A developer connects, ticks, has counts and makes the profile public. @returns the connection's id */
export async function sends(system: System, key: string, at: string): Promise<string> {
  const one = await system.person(key, at);
  ok(await one.connects(DEMO_TOKENS.instance(key)));
  await one.isNow('connected');
  ok(await one.sends());
  await until(
    `${key} to have counts`,
    () => system.database.counts(one.id),
    (days) => days.length > 0,
  );
  await one.makesProfilePublic();
  return one.id;
}

/** A cold copy of a store of a system that is stopped: with owners and times, since PostgreSQL has a user of its own. */
export function copyStore(store: 'postgres' | 'temporal', from: string, to: string): void {
  rmSync(join(to, store), { recursive: true, force: true });
  execFileSync('mkdir', ['-p', to]);
  execFileSync('cp', ['-a', join(from, store), join(to, store)]);
}
