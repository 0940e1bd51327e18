import { randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import { recordAudit } from './audit.ts';
import { inTransaction, type Client, type Pool, type Queryable } from './pool.ts';

/** What a database that was restored from a backup says to whoever asks for anything. */
export const HELD_WORDS =
  'The database was restored from a backup: nothing is shown or written before "deletions reapply" is through.';

export interface By {
  actor: string;
  /** ISO. */
  at: string;
}

export interface RestoreEpoch {
  id: string;
  heldAt: string;
}

/** The restore that is not lifted yet. */
export async function heldEpoch(db: Queryable): Promise<RestoreEpoch | undefined> {
  const { rows } = await db.query<{ id: string; held_at: Date }>(
    'select id, held_at from restore_epoch where lifted_at is null',
  );
  return rows[0] && { id: rows[0].id, heldAt: rows[0].held_at.toISOString() };
}

/** @throws DomainError service_unavailable */
export async function refuseWhileHeld(db: Queryable): Promise<void> {
  const held = await heldEpoch(db);
  if (held) throw new DomainError('service_unavailable', HELD_WORDS, { facts: { heldAt: held.heldAt } });
}

/** Whatever was numbered after the backup was taken lies below what is numbered from now on. */
const LEAP = 1_000_000_000;

/**
 * Holds the database: from here on no count is written, after what is just being written, and nothing is shown. Held
 * twice it is held once. Versions, read numbers and the order of receipts begin anew far above what the backup knows, so
 * that a number that was given after it is never given again.
 */
export async function holdDatabase(pool: Pool, { actor, at }: By): Promise<RestoreEpoch> {
  return inTransaction(pool, async (tx) => {
    await tx.query('lock table ledger in share row exclusive mode');
    const held = await heldEpoch(tx);
    if (held) return held;
    await tx.query(
      `select setval(name::regclass, nextval(name::regclass) + $1)
       from unnest(array['projection_version', 'read_number', pg_get_serial_sequence('receipt', 'seq'),
         pg_get_serial_sequence('audit', 'id')]) as name`,
      [LEAP],
    );
    const id = randomUUID();
    await tx.query('insert into restore_epoch (id, held_at, held_by) values ($1, $2, $3)', [id, at, actor]);
    await recordAudit(tx, { subjectKind: 'restore', subjectId: id, action: 'restore.held', actor, at });
    return { id, heldAt: at };
  });
}

/** The end of a restore: what was deleted since the backup is deleted again. One record says how much. */
export async function liftHold(tx: Client, id: string, { actor, at }: By, detail: Record<string, unknown>) {
  const lifted = await tx.query('update restore_epoch set lifted_at = $2 where id = $1 and lifted_at is null', [
    id,
    at,
  ]);
  if (lifted.rowCount === 0) return;
  await recordAudit(tx, { subjectKind: 'restore', subjectId: id, action: 'restore.lifted', actor, at, detail });
}
