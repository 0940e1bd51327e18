import { inTransaction, type Client, type Pool } from '../../src/db/pool.ts';
import { eventually } from '../support/eventually.ts';

export interface Held<T> {
  /** What the work gave, with its transaction still open. */
  value: T;
  /** Commits it. */
  commit: () => Promise<void>;
}

const open = new Set<() => Promise<void>>();

/** Ends what a test that failed midway has left open, so that nothing waits for it. */
export async function letGo(): Promise<void> {
  await Promise.allSettled([...open].map((commit) => commit()));
  open.clear();
}

/** Runs work in a transaction that stays open, with all its locks, until it is told to commit. */
export async function held<T>(pool: Pool, work: (tx: Client) => Promise<T>): Promise<Held<T>> {
  let commit = () => {};
  const told = new Promise<void>((resolve) => (commit = resolve));
  return new Promise((resolve, reject) => {
    open.add(() => (commit(), ended));
    const ended = inTransaction(pool, async (tx) => {
      const value = await work(tx);
      resolve({ value, commit: () => (commit(), ended) });
      await told;
    });
    ended.catch(reject);
  });
}

/** Whatever writes counts stops in the midst of its transaction, after it took the fences, until this is committed. */
export function holdLedger(pool: Pool): Promise<Held<unknown>> {
  return held(pool, (tx) => tx.query('lock table ledger in share mode'));
}

/** Resolves once the connection of that name waits for a lock: from then on its order is decided. */
export function waits(pool: Pool, name: string): Promise<void> {
  const asked = async () => {
    const { rowCount } = await pool.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
      [name],
    );
    return rowCount === 1;
  };
  return eventually(asked, `"${name}" waits for a lock`);
}
