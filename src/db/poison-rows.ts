import { SOURCE_FAILURES } from '../domain/errors.ts';
import { causeOf } from '../domain/observed.ts';
import type { Standing } from '../domain/poison.ts';
import type { Intent } from './intents.ts';
import type { Queryable } from './pool.ts';

/** A row that stands for a workflow, as long as it is open. */
export interface OpenRow extends Standing {
  id: string;
}

const SETTLED = `recorded_at < now() - make_interval(secs => $1::float8 / 1000) as settled`;

/** Connections that have not ended, by id: of each page the place for the next is its last. */
export async function openConnections(
  db: Queryable,
  settleMs: number,
  after: string | null,
  limit: number,
): Promise<OpenRow[]> {
  const { rows } = await db.query<OpenRow>(
    `select id, status, ${SETTLED} from connection
     where status <> 'ended' and ($2::uuid is null or id > $2) order by id limit $3`,
    [settleMs, after, limit],
  );
  return rows;
}

/** One connection that has not ended. */
export async function openConnection(db: Queryable, settleMs: number, id: string): Promise<OpenRow | undefined> {
  const { rows } = await db.query<OpenRow>(
    `select id, status, ${SETTLED} from connection where status <> 'ended' and id = $2`,
    [settleMs, id],
  );
  return rows[0];
}

/** Access requests that nobody has decided; few, since an instance has one at the most. */
export async function openRequests(db: Queryable, settleMs: number, id: string | null = null): Promise<OpenRow[]> {
  const { rows } = await db.query<OpenRow>(
    `select id, status, ${SETTLED} from access_request
     where status in ('checking', 'logged', 'contacted') and ($2::uuid is null or id = $2) order by id`,
    [settleMs, id],
  );
  return rows;
}

export interface OpenTurningOff extends OpenRow {
  instanceId: string;
  generation: number;
}

/** Runs that have still to delete, or to erase their cohort’s links. */
export async function openTurningOffs(db: Queryable, settledBefore: string): Promise<OpenTurningOff[]> {
  const { rows } = await db.query<OpenTurningOff>(
    `select instance_id || '/' || generation as id, instance_id as "instanceId", generation,
       case when verified_at is null then 'turning_off' else 'restorable' end as status, asked_at < $1 as settled
     from turning_off where erased_at is null order by instance_id, generation`,
    [settledBefore],
  );
  return rows;
}

/** Accepted acts whose subject is not there any more, or has ended without them: no workflow can take them up. */
export async function undeliverableActs(db: Queryable, askedBefore: string, limit: number): Promise<Intent[]> {
  const { rows } = await db.query<Intent>(
    `select operation_id as "operationId", kind, subject_id as "subjectId", generation, asked_at as "askedAt" from intent i
     where done_at is null and asked_at < $1 and not exists (
       select 1 from connection c where c.id = i.subject_id and i.kind <> 'turn_off' and c.status <> 'ended'
       union all
       select 1 from turning_off t where t.instance_id = i.subject_id and t.generation = i.generation
         and i.kind = 'turn_off' and t.verified_at is null)
     order by asked_at limit $2`,
    [askedBefore, limit],
  );
  return rows;
}

export interface Turned {
  instanceId: string;
  turned: number;
  sending: number;
}

const TURNS = SOURCE_FAILURES.filter((failure) => causeOf(failure) !== undefined);

/** How many developers of each instance could not be read the last time for reasons that may mean that they are gone. */
export async function turnedNow(db: Queryable): Promise<Turned[]> {
  const { rows } = await db.query<Turned>(
    `select c.instance_id as "instanceId", count(*)::int as sending, count(f.connection_id)::int as turned
     from connection c left join sync_failure f on f.connection_id = c.id and f.class = any($1)
     where c.status = 'sending' and c.restore_until is null and c.erased_at is null
       and c.instance_id in (select instance_id from sync_failure join connection on id = connection_id where class = any($1))
     group by c.instance_id order by c.instance_id`,
    [TURNS],
  );
  return rows;
}

/** Of these ids, those that an open row stands for. */
export async function standingFor(db: Queryable, kind: 'connection' | 'request', ids: string[]): Promise<Set<string>> {
  const sql =
    kind === 'connection'
      ? `select id from connection where id = any($1::uuid[]) and status <> 'ended'`
      : `select id from access_request where id = any($1::uuid[]) and status in ('checking', 'logged', 'contacted')`;
  const { rows } = await db.query<{ id: string }>(sql, [ids]);
  return new Set(rows.map((row) => row.id));
}
