import { randomUUID } from 'node:crypto';
import { commitConnection, acceptRemoval, type Committed } from '../../src/db/connection-steps.ts';
import { insertConnection, loadConnection } from '../../src/db/connections.ts';
import type { PageKey } from '../../src/db/count-writes.ts';
import { insertInstance } from '../../src/db/instances.ts';
import { applySharing, type SharingOutcome } from '../../src/db/sharing.ts';
import { acceptMove } from '../../src/db/moves.ts';
import { createPool, inTransaction, type Client, type Pool } from '../../src/db/pool.ts';
import { ensureProfile } from '../../src/db/profiles.ts';
import { recordFailures } from '../../src/db/read-answers.ts';
import { openPage } from '../../src/db/sync-pages.ts';
import { beginInstanceRun, beginRun } from '../../src/db/sync-runs.ts';
import { stepConnection, type ConnectionCommand, type ObservedCause } from '../../src/domain/connection.ts';
import type { SourceFailure } from '../../src/domain/errors.ts';
import type { SharingCommand, Side } from '../../src/domain/sharing.ts';
import type { DayCount } from '../../src/domain/window.ts';
import type { LedgerMessage } from '../../src/ports/ledger.ts';
import { createDatabase } from '../support/database.ts';
import { letGo } from './held.ts';

export const AT = '2027-03-01T12:00:00.000Z';
export const WINDOW_MS = 90 * 86_400_000;

/** One instance with sharing on, and what the product does to its rows; no server but PostgreSQL. */
export interface DbWorld {
  url: string;
  pool: Pool;
  instanceId: string;
  accountId: string;
  /** The same database, and another instance with sharing on. */
  elsewhere(): Promise<DbWorld>;
  /** A connection of a new developer, connected and not sending. */
  connect(): Promise<string>;
  sending(): Promise<string>;
  /** One step of a connection's workflow, committed as its activity does. */
  step(id: string, command: ConnectionCommand, at?: string): Promise<Committed | undefined>;
  sharing(command: SharingCommand, at?: string): Promise<SharingOutcome>;
  switchSide(side: Side, on: boolean): Promise<SharingOutcome>;
  remove(kind: 'opt_out' | 'forget', id: string, operationId?: string): Promise<{ generation: number }>;
  /** A page of a new run, opened: it may write under its number. */
  openPage(): Promise<{ page: PageKey; readNumber: number }>;
  /** A read that begins and ends now, and fails. */
  fails(id: string, failure: SourceFailure, at?: string): Promise<void>;
  /** A cause that has outlived its grace: the sweeper has woken the workflow for it. */
  outlives(id: string, cause: ObservedCause): Promise<void>;
  counts(id: string): Promise<DayCount[]>;
  /** A pool whose one connection can be found by its name. */
  as(name: string): Pool;
  close(): Promise<void>;
}

export async function createDbWorld(): Promise<DbWorld> {
  const database = await createDatabase();
  const pools: Pool[] = [];
  const as = (applicationName: string, max = 1) => {
    const made = createPool({ url: database.url, max, applicationName });
    pools.push(made);
    return made;
  };
  const pool = as('test', 10);
  const close = async () => {
    await letGo();
    await Promise.all(pools.map((one) => one.end()));
    await database.drop();
  };
  return onInstance({ url: database.url, pool, as, close });
}

async function onInstance(database: Pick<DbWorld, 'url' | 'pool' | 'as' | 'close'>): Promise<DbWorld> {
  const { pool } = database;
  const [instanceId, accountId] = [randomUUID(), randomUUID()];
  const hostname = `${instanceId}.example`;
  await pool.query(`insert into account (id, kind, slug) values ($1::uuid, 'organization', $1::text)`, [accountId]);
  const where = { hostname, kind: 'ghes', baseUrl: `https://${hostname}`, allowHttpLoopback: false } as const;
  await insertInstance(pool, { id: instanceId, ...where, accountId });
  const world: DbWorld = {
    ...database,
    instanceId,
    accountId,
    elsewhere: () => onInstance(database),
    connect: () => connect(world),
    async sending() {
      const id = await connect(world);
      await world.step(id, { type: 'send', consentVersion: '1' });
      return id;
    },
    step: (id, command, at) => inTransaction(pool, (tx) => stepIn(tx, id, command, at)),
    sharing: (command, at = AT) => inTransaction(pool, (tx) => sharingIn(tx, instanceId, command, at)),
    switchSide: (side, on) => world.sharing({ type: 'switch', side, on }),
    remove: (kind, id, operationId) => inTransaction(pool, (tx) => removeIn(tx, kind, id, operationId)),
    openPage: () => openNewPage(world),
    fails: (id, failure, at) => readFails(world, id, failure, at),
    outlives: (id, cause) => outlives(world, id, cause),
    counts: (id) => countsOf(world, id),
  };
  await world.sharing({ type: 'approve' });
  await world.switchSide('instance', true);
  await world.switchSide('account', true);
  return world;
}

let people = 0;

async function connect(world: DbWorld): Promise<string> {
  people += 1;
  const userId = people;
  const id = await inTransaction(world.pool, (tx) => connectIn(tx, world.instanceId, userId, 900_000 + userId));
  await world.step(id, { type: 'establish' });
  return id;
}

/** What the API does when a developer connects. @returns the connection's id */
export async function connectIn(
  tx: Client,
  instanceId: string,
  sourceUserId: number,
  githubUserId: number,
  sourceCreatedAt = '2020-01-01T00:00:00Z',
): Promise<string> {
  const id = randomUUID();
  const profile = await ensureProfile(tx, githubUserId);
  await insertConnection(tx, {
    id,
    instanceId,
    sourceUserId,
    sourceCreatedAt,
    profileId: profile.id,
    token: { ciphertext: Buffer.from(`token of ${id}`), keyId: 'k1', refreshCiphertext: null, expiresAt: null },
    actor: 'test',
    operationId: randomUUID(),
    asOf: AT,
  });
  return id;
}

/** Decided by what is read now, as a workflow that has just looked; the transaction waits where it has to. */
export async function stepIn(tx: Client, connectionId: string, command: ConnectionCommand, asOf = AT) {
  const { state } = (await loadConnection(tx, connectionId))!;
  const { next, action, fence } = stepConnection(state, command);
  if (action === undefined) return undefined;
  const by = { connectionId, operationId: randomUUID(), actor: 'test', asOf, restoreWindowMs: WINDOW_MS };
  return commitConnection(tx, { ...by, action, next, fence });
}

export function sharingIn(tx: Client, instanceId: string, command: SharingCommand, at = AT): Promise<SharingOutcome> {
  const settings = { connectGraceMs: 86_400_000, connectLooks: 3 };
  return applySharing(tx, instanceId, { command, actor: 'test', at, operationId: randomUUID(), settings });
}

export function removeIn(
  tx: Client,
  kind: 'opt_out' | 'forget',
  connectionId: string,
  operationId: string = randomUUID(),
  asOf = AT,
) {
  return acceptRemoval(tx, { connectionId, kind, operationId, actor: 'test', asOf, restoreWindowMs: WINDOW_MS });
}

/** What the API does when a developer moves, here to a profile of its own. */
export async function moveIn(tx: Client, connectionId: string): Promise<number> {
  const { id: profileId } = await ensureProfile(tx, 5_000_000);
  const by = { operationId: randomUUID(), actor: 'test', asOf: AT, restoreWindowMs: WINDOW_MS };
  return (await acceptMove(tx, { connectionId, profileId, consentVersion: '1', ...by })).generation;
}

async function openNewPage({ pool, instanceId }: DbWorld) {
  const runId = randomUUID();
  await beginRun(pool, { runId, scheduledAt: AT, startedAt: AT, trigger: 'test' });
  await beginInstanceRun(pool, runId, instanceId, AT);
  const page: PageKey = { runId, instanceId, fromId: '00000000-0000-0000-0000-000000000000' };
  return { page, readNumber: (await openPage(pool, page, AT))! };
}

async function readFails({ pool }: DbWorld, connectionId: string, failure: SourceFailure, at = AT): Promise<void> {
  const { generation } = (await loadConnection(pool, connectionId))!;
  const { rows } = await pool.query<{ next: number }>(`select nextval('read_number') as next`);
  await inTransaction(pool, (tx) => recordFailures(tx, rows[0]!.next, [{ connectionId, generation, failure }], at));
}

async function outlives({ pool, instanceId }: DbWorld, connectionId: string, cause: ObservedCause): Promise<void> {
  await pool.query(
    `insert into sighting (connection_id, instance_id, cause, first_at, last_at, times, woken_at)
     values ($1, $2, $3, $4, $4, 3, $4) on conflict (connection_id) do update set cause = excluded.cause, woken_at = $4`,
    [connectionId, instanceId, cause, AT],
  );
}

async function countsOf({ pool }: DbWorld, id: string): Promise<DayCount[]> {
  const { rows } = await pool.query<DayCount>(
    'select date::text as date, count from ledger_day where connection_id = $1 order by date',
    [id],
  );
  return rows;
}

/** What a read of the source wants to set for one connection. */
export function says(connectionId: string, generation: number, readNumber: number, count: number): LedgerMessage {
  const days = [{ date: '2027-02-28', count }];
  return { connectionId, generation, readNumber, source: 'GitHub Enterprise Server', days };
}
