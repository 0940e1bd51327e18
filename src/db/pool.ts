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

export function createPool(options: { url: string; max: number; applicationName: string }): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    types,
  });
  // An idle connection that the server cuts raises here; the next query opens a new one.
  pool.on('error', () => {});
  return pool;
}

/** Runs `work` in one READ COMMITTED transaction: committed when it returns, rolled back when it throws. */
export async function inTransaction<T>(pool: Pool, work: (tx: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollback: Error) => (broken = rollback));
    throw error;
  } finally {
    client.release(broken);
  }
}
