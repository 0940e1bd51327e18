import { DomainError } from '../domain/errors.ts';
import type { LedgerMessage } from '../ports/ledger.ts';
import { ledger } from './ledger.ts';
import { lockInstanceShared } from './locks.ts';
import { inTransaction, type Client, type Pool } from './pool.ts';
import { lift } from './read-answers.ts';

/** One transaction never holds more connections than this, so that a gate or an opt-out waits for milliseconds. */
const WRITE_CHUNK = 200;

export interface PageKey {
  runId: string;
  instanceId: string;
  fromId: string;
}

/** A page's write for one connection: what differs, or an open read that it met. */
export interface PageWrite {
  message: LedgerMessage;
  openRead: boolean;
}

interface Standing {
  id: string;
  generation: number;
  read_number: number;
}

/** Which of these rows may be written now, locked until commit. The instance's lock was taken in an earlier statement. */
async function lockWritable(
  tx: Client,
  instanceId: string,
  ids: string[],
  strength: 'share' | 'no key update',
): Promise<Standing[]> {
  if (ids.length === 0) return [];
  const { rows } = await tx.query<Standing>(
    `select c.id, c.generation, c.read_number from connection c join instance i on i.id = c.instance_id
     where c.id = any($2::uuid[]) and i.id = $1 and i.gate_open and c.sharing_generation = i.sharing_generation
       and c.restore_until is null and c.erased_at is null
     order by c.id for ${strength} of c`,
    [instanceId, ids],
  );
  return rows;
}

/**
 * Writes a page's counts through the fences, in bounded transactions. A row whose fence moved since the page read it is
 * left alone; so is everything, once a later attempt or a later run took the page's number.
 * @returns how many connections were written
 */
export async function writePage(pool: Pool, page: PageKey, readNumber: number, writes: PageWrite[]): Promise<number> {
  let written = 0;
  for (let start = 0; start < writes.length; start += WRITE_CHUNK) {
    const chunk = writes.slice(start, start + WRITE_CHUNK);
    const count = await inTransaction(pool, (tx) => writeChunk(tx, page, readNumber, chunk));
    if (count === undefined) return written;
    written += count;
  }
  return written;
}

async function writeChunk(
  tx: Client,
  page: PageKey,
  readNumber: number,
  chunk: PageWrite[],
): Promise<number | undefined> {
  await lockInstanceShared(tx, page.instanceId);
  if (!(await lockPage(tx, page, readNumber))) return undefined;
  const ids = (open: boolean) =>
    chunk.filter((write) => write.openRead === open).map((write) => write.message.connectionId);
  const met = await lockWritable(tx, page.instanceId, ids(true), 'no key update');
  const rows = [...(await lockWritable(tx, page.instanceId, ids(false), 'share')), ...met];
  const standing = new Map(rows.map((row) => [row.id, row]));
  const passing = chunk.filter(({ message }) => {
    const row = standing.get(message.connectionId);
    return row?.generation === message.generation && row.read_number <= readNumber;
  });
  await ledger.put(
    tx,
    passing.map((write) => write.message),
  );
  await lift(
    tx,
    passing.map((write) => write.message.connectionId),
  );
  const marked = met.filter((row) => row.read_number <= readNumber).map((row) => row.id);
  if (marked.length > 0) {
    // From here on that read writes nothing, so later pages need not meet it again, should it have died.
    await tx.query('update connection set read_number = $2, open_read = null where id = any($1)', [marked, readNumber]);
  }
  // With the counts, so that an attempt that dies after them leaves its part of the sum to the next one.
  await tx.query(
    `update sync_page set changed = changed + $4 where run_id = $1 and instance_id = $2 and from_id = $3`,
    [page.runId, page.instanceId, page.fromId, passing.length],
  );
  return passing.length;
}

/** @returns whether this attempt still holds the page, which nobody can take from it until the transaction ends */
async function lockPage(tx: Client, page: PageKey, readNumber: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select 1 from sync_page where run_id = $1 and instance_id = $2 and from_id = $3 and read_number = $4 for no key update`,
    [page.runId, page.instanceId, page.fromId, readNumber],
  );
  return rowCount === 1;
}

/** Lifts what stood against connections that a page could read; not where a later read has come meanwhile. */
export async function recordRecoveries(
  pool: Pool,
  page: PageKey,
  readNumber: number,
  connectionIds: string[],
): Promise<void> {
  if (connectionIds.length === 0) return;
  await inTransaction(pool, async (tx) => {
    if (!(await lockPage(tx, page, readNumber))) return;
    const { rows } = await tx.query<{ id: string }>(
      'select id from connection where id = any($1) and read_number <= $2 order by id for share',
      [connectionIds, readNumber],
    );
    await lift(
      tx,
      rows.map((row) => row.id),
    );
  });
}

export interface OpenRead {
  connectionId: string;
  instanceId: string;
  generation: number;
  readNumber: number;
}

/**
 * Opens one connection's own read (update now, restore) before its first request.
 * @throws DomainError fence_moved when the connection is not at that generation
 */
export async function openRead(pool: Pool, connectionId: string, generation: number): Promise<OpenRead> {
  return inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ instance_id: string }>(
      `select instance_id from connection
       where id = $1 and generation = $2 and restore_until is null and erased_at is null for no key update`,
      [connectionId, generation],
    );
    if (!rows[0]) throw new DomainError('fence_moved');
    // Taken after the wait for the row: never lower than a number that was stored meanwhile.
    const number = await tx.query<{ read_number: number }>(`select nextval('read_number') as read_number`);
    const readNumber = number.rows[0]!.read_number;
    await tx.query('update connection set read_number = $2, open_read = $2 where id = $1', [connectionId, readNumber]);
    return { connectionId, instanceId: rows[0].instance_id, generation, readNumber };
  });
}

export type ReadOutcome = 'written' | 'superseded' | 'stale';

/**
 * Writes one connection's own read through the fences and closes it, as of `at` (ISO). `superseded`: a later read has
 * answered, or is under way; `stale`: a removal or the gate came first.
 */
export async function writeRead(pool: Pool, read: OpenRead, message: LedgerMessage, at: string): Promise<ReadOutcome> {
  return inTransaction(pool, async (tx) => {
    await lockInstanceShared(tx, read.instanceId);
    const [row] = await lockWritable(tx, read.instanceId, [read.connectionId], 'no key update');
    if (!row || row.generation !== read.generation) return 'stale';
    if (row.read_number > read.readNumber) return 'superseded';
    await ledger.put(tx, [message]);
    await lift(tx, [read.connectionId]);
    await tx.query('update connection set own_read_at = $2, open_read = null where id = $1', [read.connectionId, at]);
    return 'written';
  });
}
