import type { Queryable } from './pool.ts';

export const RATE_LIMIT_TABLE = 'rate_limit';

/** Removes counts whose time is over. */
export async function dropPastCounts(db: Queryable, now: Date): Promise<void> {
  await db.query('delete from rate_limit where expire < $1', [now.getTime()]);
}
