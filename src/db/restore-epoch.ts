import { randomUUID } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';
import { recordAudit } from './audit.ts';
import type { Places } from './kept-horizon.ts';
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

const SEQUENCES = `array['projection_version', 'read_number', pg_get_serial_sequence('receipt', 'seq'),
  pg_get_serial_sequence('audit', 'id')]`;
/** So far above the backup's numbers it begins where the clock says less than they do. */
const LEAP = 1_000_000_000;

/**
 * Holds the database: from here on no count is written, after what is just being written, and nothing is shown. Held
 * twice it is held once. Versions, read numbers and the order of receipts and records begin anew at the time in
 * microseconds: above whatever was numbered after the backup, also after an earlier restore of the same one, since nothing
 * is numbered so quickly. Whoever is signed in is signed out: sessions that were ended since are back.
 */
export async function holdDatabase(pool: Pool, { actor, at }: By): Promise<RestoreEpoch> {
  return inTransaction(pool, async (tx) => {
    await tx.query('lock table ledger in share row exclusive mode');
    const held = await heldEpoch(tx);
    if (held) return held;
    await tx.query(
      `select setval(name, case when now > given then now else given + $1 end)
       from (select name::regclass as name, nextval(name::regclass) as given,
         (extract(epoch from clock_timestamp()) * 1000000)::bigint as now from unnest(${SEQUENCES}) as name) as each`,
      [LEAP],
    );
    await tx.query('delete from sign_in_flow');
    await tx.query('delete from session');
    const id = randomUUID();
    await tx.query('insert into restore_epoch (id, held_at, held_by) values ($1, $2, $3)', [id, at, actor]);
    await recordAudit(tx, { subjectKind: 'restore', subjectId: id, action: 'restore.held', actor, at });
    return { id, heldAt: at };
  });
}

/** What was exported has to lie below what will be, whatever the clock said when the database was held. */
export async function numberAbove(db: Queryable, { receipt, audit }: Places): Promise<void> {
  await db.query(
    `select setval(name::regclass, greatest(nextval(name::regclass), kept))
     from (values (pg_get_serial_sequence('receipt', 'seq'), $1::bigint), (pg_get_serial_sequence('audit', 'id'), $2)) as each (name, kept)`,
    [receipt, audit],
  );
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
