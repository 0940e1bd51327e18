import pg from 'pg';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;
/** Whatever can run a query: the pool for a single statement, a client inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

// A `date` is a calendar label and stays one: pg would make it a local-time Date, which can move by a day.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.DATE, (value) => value);
// Ids of users, generations and read numbers stay far below 2^53.
types.setTypeParser(pg.types.builtins.INT8, (value) => Number(value));

/** A transaction that waits for its own process so long is dead; its locks would keep everybody waiting. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/**
 * Whoever waits on a wire that died without a word waits for ever, and a session whose program is cut off keeps its locks
 * for hours, a sweep's among them. Both ends ask whether the other is there, and give up within half a minute.
 */
const ASKS_AFTER_SECONDS = 10;
const SERVER_ASKS = `-c tcp_keepalives_idle=${ASKS_AFTER_SECONDS} -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3`;
// As a default, so that an operator's own PGOPTIONS, or `options` in the address, stand.
pg.defaults.options = SERVER_ASKS;

/**
 * @param options.lockTimeoutMs how long a statement waits for a lock; for ever, if it is not given
 * @param options.statementTimeoutMs how long a statement may take, waits included; for ever, if it is not given
 */
export function createPool(options: {
  url: string;
  max: number;
  applicationName: string;
  lockTimeoutMs?: number;
  statementTimeoutMs?: number;
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    lock_timeout: options.lockTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: ASKS_AFTER_SECONDS * 1000,
    types,
  });
  // An idle connection that the server cuts raises here; the next query opens a new one.
  pool.on('error', () => {});
  return pool;
}

/** Lends a connection. If the server cuts it while nothing is asked, what is asked next fails, and not the process. */
export async function withClient<T>(
  pool: Pool,
  work: (client: Client, discard: (why: Error) => void) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const discard = (why: Error) => void (broken = why);
  client.on('error', discard);
  try {
    return await work(client, discard);
  } finally {
    client.off('error', discard);
    client.release(broken);
  }
}

/** Runs `work` in one READ COMMITTED transaction: committed when it returns, rolled back when it throws. */
export async function inTransaction<T>(pool: Pool, work: (tx: Client) => Promise<T>): Promise<T> {
  return withClient(pool, async (client, discard) => {
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(discard);
      throw error;
    }
  });
}
