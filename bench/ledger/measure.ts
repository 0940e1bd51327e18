import { inTransaction, type Pool, type Queryable } from '../../src/db/pool.ts';
import { windowAt } from '../../src/domain/window.ts';
import type { Ledger, LedgerMessage } from '../../src/ports/ledger.ts';
import { changesOfHour, connectionIds, history, message, pages } from './population.ts';

export interface Layout {
  name: string;
  table: string;
  ledger: Ledger<Queryable>;
  digestOf(counts: Int32Array): string;
}

export interface Scenario {
  users: number;
  historyDays: number;
  /** ISO date of the run. */
  today: string;
}

const HOURS = 4;

/** Plays the ledger's life in one layout, on an empty table; times in ms, sizes in bytes. */
export async function measure(pool: Pool, layout: Layout, scenario: Scenario): Promise<Record<string, number>> {
  const { ledger, table } = layout;
  const { users, historyDays, today } = scenario;
  const ids = connectionIds(users);
  const window = windowAt(`${today}T12:00:00Z`);
  const write = (batches: LedgerMessage[][]) =>
    eachInTransaction(pool, batches, async (tx, batch) => (await ledger.put(tx, batch)).items);

  if (historyDays > 90) {
    await write(
      pages(
        ids.map((id) => message(id, history(id, today, historyDays, 91))),
        200,
      ),
    );
    await pool.query(`vacuum analyze ${table}`);
  }
  const windows = ids.map((id) => message(id, history(id, today, 90, 0)));
  const fresh = await write(pages(windows, 200));
  await pool.query(`vacuum analyze ${table}`);
  const { rows } = await pool.query<{ bytes: number; rows: number }>(
    `select pg_total_relation_size('${table}') as bytes, count(*) as rows from ${table}`,
  );

  const quiet: number[] = [];
  for (const page of pages(windows, 500)) {
    const counts = page.map(({ days }) => {
      const read = new Int32Array(window.labels.length);
      for (const { date, count } of days) read[window.index.get(date)!] = count;
      return read;
    });
    const started = performance.now();
    const kept = await ledger.digests(
      pool,
      page.map(({ connectionId }) => connectionId),
      window,
    );
    const differing = page.filter(({ connectionId }, at) => kept.get(connectionId) !== layout.digestOf(counts[at]!));
    quiet.push(performance.now() - started);
    if (differing.length > 0) throw new Error(`${layout.name}: ${differing.length} digests of a quiet page differ`);
  }

  const hours: Written[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    // A checkpoint an hour at least: the first change of a block after it logs the whole block.
    await pool.query('checkpoint');
    const changed = new Set(changesOfHour(ids, hour));
    const batches = pages(ids, 500).map((page) =>
      page.filter((id) => changed.has(id)).map((id) => message(id, [{ date: today, count: 100 + hour }])),
    );
    hours.push(await write(batches));
  }

  const reads: number[] = [];
  for (const id of ids.filter((_, at) => at % Math.ceil(users / 500) === 0)) {
    const started = performance.now();
    await ledger.read(pool, [id], `${Number(today.slice(0, 4)) - 1}${today.slice(4)}`, today);
    reads.push(performance.now() - started);
  }

  await pool.query('checkpoint');
  const removed = await eachInTransaction(pool, pages(ids, 1000), async (tx, batch) => {
    const { items } = await ledger.remove(tx, batch);
    if ((await ledger.left(tx, batch)) !== 0) throw new Error(`${layout.name}: something is left`);
    return items;
  });
  return {
    'days kept a user': removed.items / users,
    'rows a user': rows[0]!.rows / users,
    'bytes a user': rows[0]!.bytes / users,
    'new windows: days a user': fresh.items / users,
    'new windows: users/s': (users / fresh.ms) * 1000,
    'new windows: WAL bytes a user': fresh.wal / users,
    'quiet page of 500: ms': median(quiet),
    'hour with 5% changed: WAL bytes a changed day': mean(hours.map(({ wal, items }) => wal / items)),
    'hour with 5% changed: us a changed day': mean(hours.map(({ ms, items }) => (ms / items) * 1000)),
    'profile of a year: ms': median(reads),
    'delete and verify 1,000 users: ms': (removed.ms / users) * 1000,
    'delete: WAL bytes a user': removed.wal / users,
  };
}

interface Written {
  ms: number;
  wal: number;
  items: number;
}

async function eachInTransaction<T>(
  pool: Pool,
  batches: T[],
  write: (tx: Queryable, batch: T) => Promise<number>,
): Promise<Written> {
  const before = await walPosition(pool);
  const started = performance.now();
  let items = 0;
  for (const batch of batches) items += await inTransaction(pool, (tx) => write(tx, batch));
  return { ms: performance.now() - started, wal: (await walPosition(pool)) - before, items };
}

async function walPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ at: string }>(`select pg_current_wal_lsn() - '0/0'::pg_lsn as at`);
  return Number(rows[0]!.at);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
