import { randomUUID } from 'node:crypto';
import { recordAudit } from '../../src/db/audit.ts';
import { sealNext } from '../../src/db/audit-seal.ts';
import { inTransaction, type Pool, type Queryable } from '../../src/db/pool.ts';
import type { AuditSeal } from '../../src/ports/audit-seal.ts';
import { eventually } from '../support/eventually.ts';
import { AT } from './db-world.ts';

/** A record of a subject of its own. @returns the subject's id */
export async function writeRecord(db: Queryable, detail: Record<string, unknown> = {}): Promise<string> {
  const subjectId = randomUUID();
  await recordAudit(db, {
    subjectKind: 'connection',
    subjectId,
    action: 'connection.tested',
    actor: 'test',
    at: AT,
    detail,
  });
  return subjectId;
}

export const sealOnce = (pool: Pool, seal: AuditSeal, limit = 100) =>
  inTransaction(pool, (tx) => sealNext(tx, seal, limit));

/** Other databases of the same server have transactions as well, which are waited for. */
export function sealAll(pool: Pool, seal: AuditSeal): Promise<void> {
  return eventually(async () => {
    await sealOnce(pool, seal);
    const { rowCount } = await pool.query('select 1 from audit where sealed_seq is null');
    return rowCount === 0;
  }, 'every record is sealed');
}

/** What somebody does who owns the server: no trigger holds them. */
export async function tamper(pool: Pool, ...statements: string[]): Promise<void> {
  await inTransaction(pool, async (tx) => {
    await tx.query('set local session_replication_role = replica');
    for (const statement of statements) await tx.query(statement);
  });
}

export async function sealedSubjects(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ subject_id: string }>(
    'select subject_id from audit where sealed_seq is not null order by sealed_seq',
  );
  return rows.map((row) => row.subject_id);
}
