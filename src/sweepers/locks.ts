import type { Client, Pool } from '../db/pool.ts';

export interface SweepLocks {
  /** Does the work if no other worker does it at this moment. */
  alone(lock: number, work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * All locks of a worker are of one session: one each would take a connection from those who have work to do. When the
 * session is cut, PostgreSQL lets go of them all, and the next sweep opens another.
 */
export function createLocks(pool: Pool): SweepLocks {
  let session: Promise<Client> | undefined;

  const open = (): Promise<Client> => {
    const opening = pool.connect().then((client) => {
      client.on('error', (why) => {
        if (session === opening) session = undefined;
        client.release(why);
      });
      return client;
    });
    opening.catch(() => (session = undefined));
    return opening;
  };

  return {
    async alone(lock, work) {
      const mine = (session ??= open());
      const client = await mine;
      const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock(7261, $1) as held', [lock]);
      if (!rows[0]!.held) return;
      try {
        await work();
      } finally {
        // One that was cut has let go already.
        if (session === mine) await client.query('select pg_advisory_unlock(7261, $1)', [lock]);
      }
    },
    async close() {
      const client = await session?.catch(() => undefined);
      if (!client || session === undefined) return;
      session = undefined;
      client.removeAllListeners('error');
      client.release();
    },
  };
}
