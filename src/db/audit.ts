import type { Queryable } from './pool.ts';

export type AuditSubject =
  'connection' | 'request' | 'sharing' | 'account' | 'instance' | 'profile' | 'token' | 'sync' | 'restore';

export interface AuditRecord {
  subjectKind: AuditSubject;
  subjectId: string;
  /** What happened, as `noun.verb` in the past tense, e.g. `connection.opted_out`. */
  action: string;
  /** Who: a pseudonym such as `person:<connection id>`, `staff:<subject>`, `operator:<token id>`, or `system`. */
  actor: string;
  /** Business time, ISO. */
  at: string;
  operationId?: string;
  /** Ids, states, times and totals only; never a login, an address, a token or counts of a person. */
  detail?: Record<string, unknown>;
}

/** Written with the record, so that those of an instance are found by an index, whatever becomes of the subject. */
const INSTANCE_OF = `case $1::text
  when 'connection' then (select instance_id from connection where id = $2::uuid)
  when 'request' then (select instance_id from access_request where id = $2::uuid)
  when 'sync' then coalesce(
    (select id from instance where id = $2::uuid), (select instance_id from connection where id = $2::uuid))
  when 'sharing' then $2::uuid
  when 'instance' then $2::uuid end`;

/** Must be called inside the transition's own transaction. @returns the version that orders the subject's records */
export async function recordAudit(tx: Queryable, record: AuditRecord): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(
    `insert into audit (subject_kind, subject_id, instance_id, version, action, actor, at, operation_id, detail)
     values ($1, $2, ${INSTANCE_OF}, nextval('projection_version'), $3, $4, $5, $6, $7) returning version`,
    [
      record.subjectKind,
      record.subjectId,
      record.action,
      record.actor,
      record.at,
      record.operationId ?? null,
      JSON.stringify(record.detail ?? {}),
    ],
  );
  return rows[0]!.version;
}

/** The version under which an operation was recorded, if it was: what makes a step safe to run again. */
export async function recordedVersion(
  tx: Queryable,
  subjectId: string,
  operationId: string,
): Promise<number | undefined> {
  const { rows } = await tx.query<{ version: number }>(
    'select version from audit where subject_id = $1 and operation_id = $2',
    [subjectId, operationId],
  );
  return rows[0]?.version;
}
