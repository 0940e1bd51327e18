import { DEMO_SUPPORT } from '../peers/demo-people.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { TokenOwner } from '../../src/db/api-tokens.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { keepLogs } from '../artifacts.ts';
import { peopleAt, tokenFor } from '../people-tokens.ts';
import type { LoggedRequest } from '../peers/request-log.ts';
import { createApi, type Api } from './api.ts';
import type { Checks } from './checks.ts';
import { databaseOf, type Database } from './database.ts';
import { startOwnStack } from './own-stack.ts';
import { peerAt, type Peer } from './peers.ts';
import {
  developer,
  operator,
  siteAdmin,
  support,
  type Developer,
  type Operator,
  type SiteAdmin,
  type Support,
} from './people.ts';

/** An instance that is registered, and the people who have to do with it. */
export interface Place {
  instanceId: string;
  admin(key: string): Promise<SiteAdmin>;
  developer(key: string): Promise<Developer>;
}

/** All that a chapter works with. */
export interface Story {
  checks: Checks;
  /** Gone at the end, if all held. */
  dataDir: string;
  stack: Stack;
  pool: Pool;
  database: Database;
  temporal: Client;
  anyone: Api;
  operator: Operator;
  support: Support;
  instance: Peer;
  github: Peer;
  /** Every request that the product sent to either peer so far. */
  requests(): Promise<Wire>;
  /** The API as the owner of a new token uses it. */
  apiOf(owner: TokenOwner): Promise<Api>;
  /** A place for a registered instance; the same keys give the same people. */
  place(instanceId: string): Place;
  /** Stops all of it and starts it again on the same data, with other settings; everything but the data is new. */
  restart(settings: Record<string, string>): Promise<Story>;
  end(): Promise<void>;
}

/** A stack of the story's own, in a folder that is gone when it ends. */
export function setUp(checks: Checks, settings: Record<string, string> = {}): Promise<Story> {
  const dataDir = mkdtempSync(join(tmpdir(), 'unified-contributions-demo-'));
  checks.tell(`A stack of its own is started in ${dataDir}; the folder stays if something does not hold.`);
  return begin(checks, dataDir, settings, []);
}

type Wire = readonly LoggedRequest[];

async function begin(checks: Checks, dataDir: string, settings: Record<string, string>, earlier: Wire): Promise<Story> {
  const stack = await startOwnStack(checks, dataDir, settings);
  const pool = createPool({ url: stack.databaseUrl, max: 4, applicationName: 'demo' });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const stop = async () => {
    await Promise.all([pool.end(), connection.close()]);
    await stack.stop();
  };
  const peers = stack.peers!;
  const identityOf = await peopleAt(peers);
  const instance = peerAt(peers.instance);
  const github = peerAt(peers.github);
  const requests = async () => [...earlier, ...(await instance.requests()), ...(await github.requests())];
  const apiOf = async (owner: TokenOwner) => createApi(stack.apiUrl, await tokenFor(pool, owner));
  return {
    checks,
    dataDir,
    stack,
    pool,
    database: databaseOf(pool),
    temporal: new Client({ connection }),
    anyone: createApi(stack.apiUrl),
    operator: operator(await apiOf({ role: 'operator' })),
    support: support(await apiOf({ role: 'support', githubUserId: DEMO_SUPPORT })),
    instance,
    github,
    requests,
    apiOf,
    place(instanceId) {
      const apiOfPerson = (key: string) => apiOf({ role: 'person', person: { instanceId, ...identityOf(key) } });
      return {
        instanceId,
        admin: async (key) => siteAdmin(await apiOfPerson(key), instanceId),
        developer: async (key) => developer(await apiOfPerson(key), instanceId, key),
      };
    },
    async restart(others) {
      const sent = await requests();
      await stop();
      return begin(checks, dataDir, others, sent);
    },
    async end() {
      await stop();
      keepLogs(dataDir);
      if (checks.allHeld()) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
