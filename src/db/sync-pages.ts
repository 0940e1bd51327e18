import type { Window } from '../domain/window.ts';
import type { PageKey } from './count-writes.ts';
import { ledger } from './ledger.ts';
import { recordFailures, type FailedRead } from './read-answers.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';

/** One connection as a page reads it. */
export interface PageConnection {
  id: string;
  generation: number;
  userId: number;
  createdAt: string;
  token: {
    ciphertext: Buffer;
    keyId: string;
    refreshCiphertext: Buffer | null;
    expiresAt: string | null;
    version: number;
  };
  openRead: boolean;
  hasFailure: boolean;
  sighted: boolean;
}

/**
 * Takes a number for this attempt of a page, before its first request. An attempt that slept meanwhile no longer holds it.
 * @returns the number, or undefined when a later run has shut the page
 */
export async function openPage(db: Queryable, page: PageKey, startedAt: string): Promise<number | undefined> {
  const { rows } = await db.query<{ read_number: number }>(
    `insert into sync_page (run_id, instance_id, from_id, read_number, started_at)
     select $1, $2, $3, nextval('read_number'), $4
     where not exists (select 1 from sync_instance_run s join sync_instance_run mine on mine.run_id = $1 and mine.instance_id = $2
                       where s.instance_id = $2 and s.run_id <> $1 and s.outcome is distinct from 'skipped' and s.started_at > mine.started_at)
     on conflict (run_id, instance_id, from_id) do update set read_number = excluded.read_number
     returning read_number`,
    [page.runId, page.instanceId, page.fromId, startedAt],
  );
  return rows[0]?.read_number;
}

/** The next sending connections of an instance after `afterId`, up to and with `toId`, in the order of their ids. */
export async function readPage(
  db: Queryable,
  instanceId: string,
  afterId: string,
  toId: string,
  limit: number,
): Promise<PageConnection[]> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select c.id, c.generation, p.source_user_id, p.source_created_at, t.ciphertext, t.key_id, t.refresh_ciphertext,
       t.expires_at, t.version, c.open_read is not null as open_read,
       exists (select 1 from sync_failure f where f.connection_id = c.id) as has_failure,
       exists (select 1 from sighting s where s.connection_id = c.id) as sighted
     from connection c
     join instance i on i.id = c.instance_id
     join connection_person p on p.connection_id = c.id
     join connection_token t on t.connection_id = c.id
     where c.instance_id = $1 and c.id > $2 and c.id <= $3 and c.status = 'sending' and c.restore_until is null
       and c.erased_at is null and i.gate_open and c.sharing_generation = i.sharing_generation
     order by c.id limit $4`,
    [instanceId, afterId, toId, limit],
  );
  return rows.map(toPageConnection);
}

/** One connection for its own read, whatever its status; undefined once its link is erased. */
export async function readConnectionForSource(
  db: Queryable,
  connectionId: string,
): Promise<PageConnection | undefined> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select c.id, c.generation, p.source_user_id, p.source_created_at, t.ciphertext, t.key_id, t.refresh_ciphertext,
       t.expires_at, t.version, false as open_read,
       exists (select 1 from sync_failure f where f.connection_id = c.id) as has_failure,
       exists (select 1 from sighting s where s.connection_id = c.id) as sighted
     from connection c
     join connection_person p on p.connection_id = c.id
     join connection_token t on t.connection_id = c.id
     where c.id = $1`,
    [connectionId],
  );
  return rows[0] && toPageConnection(rows[0]);
}

function toPageConnection(row: Record<string, unknown>): PageConnection {
  return {
    id: row['id'] as string,
    generation: row['generation'] as number,
    userId: row['source_user_id'] as number,
    createdAt: toSecond(row['source_created_at'] as Date),
    token: {
      ciphertext: row['ciphertext'] as Buffer,
      keyId: row['key_id'] as string,
      refreshCiphertext: row['refresh_ciphertext'] as Buffer | null,
      expiresAt: (row['expires_at'] as Date | null)?.toISOString() ?? null,
      version: row['version'] as number,
    },
    openRead: row['open_read'] as boolean,
    hasFailure: row['has_failure'] as boolean,
    sighted: row['sighted'] as boolean,
  };
}

/** Forges say when a user was created to the second; that is how a read compares it. */
export function toSecond(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

export interface KeptCounts {
  digests: Map<string, string>;
  /** Connections that have a read of their own under way, as of this comparison. */
  openReads: Set<string>;
}

/**
 * What the ledger has, and who has an open read: both asked after the source was read, and the reads first. One that ends
 * in between is then known as open, or what it wrote is in the digests.
 */
export async function keptCounts(db: Pool, connectionIds: string[], window: Window): Promise<KeptCounts> {
  const open = await db.query<{ id: string }>(
    'select id from connection where id = any($1) and open_read is not null',
    [connectionIds],
  );
  const digests = await ledger.digests(db, connectionIds, window);
  return { digests, openReads: new Set(open.rows.map((row) => row.id)) };
}

export interface PageResult {
  /** The last id that the page covered. */
  toId: string;
  connections: number;
  failures: FailedRead[];
  at: string;
}

/** One row a page for success; only a failure or its end touches a row of a connection. */
export async function finishPage(pool: Pool, page: PageKey, readNumber: number, result: PageResult): Promise<void> {
  // The common page has no failures: then it is one statement and needs no transaction around it.
  if (result.failures.length === 0) return void (await markFinished(pool, page, readNumber, result));
  await inTransaction(pool, async (tx) => {
    if (!(await markFinished(tx, page, readNumber, result))) return;
    await recordFailures(tx, readNumber, result.failures, result.at);
  });
}

/** @returns whether this attempt still holds the page */
async function markFinished(db: Queryable, page: PageKey, readNumber: number, result: PageResult): Promise<boolean> {
  const { rowCount } = await db.query(
    `update sync_page set finished_at = $5, to_id = $6, connections = $7, failed = $8
     where run_id = $1 and instance_id = $2 and from_id = $3 and read_number = $4`,
    [
      page.runId,
      page.instanceId,
      page.fromId,
      readNumber,
      result.at,
      result.toId,
      result.connections,
      result.failures.length,
    ],
  );
  return rowCount === 1;
}
