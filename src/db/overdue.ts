import { addMs } from '../domain/dates.ts';
import type { Queryable } from './pool.ts';

/** A workflow's own timer, or the run of its cohort, comes first; so late, neither did. */
const LATE_MS = 10 * 60_000;
/** Who was woken has so long to follow, so that one that cannot keeps none of the others from their turn. */
const AGAIN_MS = 10 * 60_000;

/**
 * Takes connections whose end is overdue: the window to come back has passed and the link is still there, or the link is
 * erased and the workflow has not said so. Their workflow was lost, restored from a backup, or was never woken: a cohort's
 * are woken here and nowhere else.
 */
export async function takeOverdue(db: Queryable, asOf: string, limit: number): Promise<string[]> {
  return take(
    db,
    `(select id from connection where erased_at is null and restore_until < $3 and (woken_at is null or woken_at < $2)
      order by restore_until limit $4)
     union all
     (select id from connection where erased_at is not null and status <> 'ended' and (woken_at is null or woken_at < $2)
      order by erased_at limit $4)
     limit $4`,
    [asOf, addMs(asOf, -AGAIN_MS), addMs(asOf, -LATE_MS), limit],
  );
}

/** Takes connections that stand in the midst of a removal or a restore and have not moved for a while. */
export async function takeStuck(db: Queryable, asOf: string, limit: number): Promise<string[]> {
  return take(
    db,
    `select id from connection where status in ('removing', 'restoring') and erased_at is null
       and recorded_at < now() - interval '10 minutes' and (woken_at is null or woken_at < $2)
     order by recorded_at limit $3`,
    [asOf, addMs(asOf, -AGAIN_MS), limit],
  );
}

/** Books the waking before it is done, so that a crash in between only delays it. */
async function take(db: Queryable, which: string, values: unknown[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update connection set woken_at = $1
     where id in (select id from connection where id in (${which}) for no key update skip locked) returning id`,
    values,
  );
  return rows.map((row) => row.id);
}
