import { addMs } from '../domain/dates.ts';
import type { Queryable } from './pool.ts';

/** A workflow's own timer, or the run of its cohort, comes first; so late, neither did. */
const LATE_MS = 10 * 60_000;

/**
 * Connections whose end is overdue: the window to come back has passed and the link is still there, or the link is erased
 * and the workflow has not said so. Their workflow was lost, restored from a backup, or was never woken.
 */
export async function overdueConnections(db: Queryable, asOf: string, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `(select id from connection where erased_at is null and restore_until < $1 order by restore_until limit $2)
     union all
     (select id from connection where erased_at < $1 and status <> 'ended' order by erased_at limit $2)
     limit $2`,
    [addMs(asOf, -LATE_MS), limit],
  );
  return rows.map((row) => row.id);
}
