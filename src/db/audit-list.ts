import type { AuditSubject } from './audit.ts';
import type { Queryable } from './pool.ts';

export interface AuditFilter {
  subject?: string | undefined;
  /** Records of the instance itself, of its connections and of its access requests. */
  instance?: string | undefined;
  actor?: string | undefined;
  /** ISO, inclusive. */
  from?: string | undefined;
  /** ISO, exclusive. */
  to?: string | undefined;
  /** The id of the last record of the page before. */
  before?: number | undefined;
  limit: number;
}

export interface ListedAudit {
  id: number;
  subjectKind: AuditSubject;
  subjectId: string;
  version: number;
  action: string;
  actor: string;
  at: string;
  operationId: string | null;
  detail: Record<string, unknown>;
}

interface Row {
  id: number;
  subject_kind: AuditSubject;
  subject_id: string;
  version: number;
  action: string;
  actor: string;
  at: Date;
  operation_id: string | null;
  detail: Record<string, unknown>;
}

/** Newest first. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<ListedAudit[]> {
  const { rows } = await db.query<Row>(
    `select id, subject_kind, subject_id, version, action, actor, at, operation_id, detail from audit
     where ($1::uuid is null or subject_id = $1)
       and ($2::uuid is null or subject_id = $2
         or subject_id in (select id from connection where instance_id = $2)
         or subject_id in (select id from access_request where instance_id = $2))
       and ($3::text is null or actor = $3)
       and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
       and ($6::bigint is null or id < $6)
     order by id desc limit $7`,
    [filter.subject, filter.instance, filter.actor, filter.from, filter.to, filter.before, filter.limit],
  );
  return rows.map((row) => ({
    id: row.id,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    version: row.version,
    action: row.action,
    actor: row.actor,
    at: row.at.toISOString(),
    operationId: row.operation_id,
    detail: row.detail,
  }));
}
