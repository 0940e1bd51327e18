import { ledger } from './ledger.ts';
import type { Queryable } from './pool.ts';

export interface Intent {
  operationId: string;
  kind: 'opt_out' | 'forget' | 'move' | 'turn_off';
  subjectId: string;
  generation: number;
  askedAt: string;
}

const COLUMNS = 'operation_id, kind, subject_id, generation, asked_at';

interface Row {
  operation_id: string;
  kind: Intent['kind'];
  subject_id: string;
  generation: number;
  asked_at: Date;
}

const toIntent = (row: Row): Intent => ({
  operationId: row.operation_id,
  kind: row.kind,
  subjectId: row.subject_id,
  generation: row.generation,
  askedAt: row.asked_at.toISOString(),
});

export async function openIntents(db: Queryable, subjectId: string): Promise<Intent[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from intent where subject_id = $1 and done_at is null order by asked_at, operation_id`,
    [subjectId],
  );
  return rows.map(toIntent);
}

/** Accepted acts that were not handed to a workflow, or not lately: the sweeper delivers them again. */
export async function undeliveredIntents(db: Queryable, limit: number): Promise<Intent[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from intent
     where done_at is null and (delivered_at is null or delivered_at < now() - interval '1 minute')
     order by delivered_at nulls first, asked_at limit $1`,
    [limit],
  );
  return rows.map(toIntent);
}

export async function markDelivered(db: Queryable, operationIds: string[]): Promise<void> {
  await db.query('update intent set delivered_at = now() where operation_id = any($1)', [operationIds]);
}

export async function markDone(tx: Queryable, operationIds: string[], at: string): Promise<void> {
  await tx.query('update intent set done_at = $2 where operation_id = any($1) and done_at is null', [operationIds, at]);
}

/**
 * Closes an act that no workflow can take up. Whatever its subject still has in the ledger goes with it: that is what
 * was accepted.
 */
export async function closeUndeliverable(tx: Queryable, operationId: string, at: string): Promise<void> {
  const { rows } = await tx.query<{ subject_id: string }>(
    `update intent set done_at = $2 where operation_id = $1 and done_at is null returning subject_id`,
    [operationId, at],
  );
  await ledger.remove(
    tx,
    rows.map((row) => row.subject_id),
  );
}
