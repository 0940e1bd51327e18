import { addDaysTo } from '../domain/dates.ts';
import type { Queryable } from './pool.ts';

/** How long the rows of a run are kept: long enough to look into last week, and to say when a connection last synced. */
const RUN_DAYS = 14;

/** Removes what has served its time. @param asOf ISO */
export async function removeOutdated(db: Queryable, asOf: string): Promise<void> {
  await db.query('delete from sync_run where started_at < $1', [addDaysTo(asOf, -RUN_DAYS)]);
  await db.query('delete from idempotency where expires_at < $1', [asOf]);
}
