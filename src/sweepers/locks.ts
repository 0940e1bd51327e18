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
  let last: Promise<unknown> = Promise.resolve();

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
  /** A session answers one question after the other. */
  const ask = (client: Client, act: 'pg_try_advisory_lock' | 'pg_advisory_unlock', lock: number): Promise<boolean> => {
    const asked = last.then(() => client.query<{ done: boolean }>(`select ${act}(7261, $1) as done`, [lock]));
    last = asked.catch(() => undefined);
    return asked.then(({ rows }) => rows[0]!.done);
  };

  return {
    async alone(lock, work) {
      const mine = (session ??= open());
      const client = await mine;
      if (!(await ask(client, 'pg_try_advisory_lock', lock))) return;
      try {
        await work();
      } finally {
        // One that was cut has let go already.
        if (session === mine) await ask(client, 'pg_advisory_unlock', lock);
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
