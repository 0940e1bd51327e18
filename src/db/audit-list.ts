import type { AuditSubject } from './audit.ts';
import type { Queryable } from './pool.ts';

export interface AuditFilter {
  subject?: string | undefined;
  /** Records of the instance itself, of its sharing, its connections and its access requests. */
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

const COLUMNS = 'id, subject_kind, subject_id, version, action, actor, at, operation_id, detail';
const MATCHES = `($1::uuid is null or subject_id = $1) and ($2::uuid is null or instance_id = $2)
  and ($3::text is null or actor = $3) and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)`;

/** Newest first. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<ListedAudit[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from audit where ${MATCHES} and ($6::bigint is null or id < $6) order by id desc limit $7`,
    [filter.subject, filter.instance, filter.actor, filter.from, filter.to, filter.before, filter.limit],
  );
  return rows.map(toListed);
}

export interface ExportedAudit extends ListedAudit {
  instanceId: string | null;
  /** Its place among the sealed records: one that is exported later has a higher one. */
  seq: number;
  hash: string;
  keyId: string;
}

interface SealedRow extends Row {
  instance_id: string | null;
  sealed_seq: number;
  hash: Buffer;
  seal_key_id: string;
}

/** Sealed records in their order, which never changes: what comes after the last of them is all that is new. */
export async function exportAudit(
  db: Queryable,
  filter: Omit<AuditFilter, 'before'> & { afterSeq: number },
): Promise<ExportedAudit[]> {
  const { rows } = await db.query<SealedRow>(
    `select ${COLUMNS}, instance_id, sealed_seq, hash, seal_key_id from audit
     where ${MATCHES} and sealed_seq > $6 order by sealed_seq limit $7`,
    [filter.subject, filter.instance, filter.actor, filter.from, filter.to, filter.afterSeq, filter.limit],
  );
  return rows.map((row) => ({
    seq: row.sealed_seq,
    ...toListed(row),
    instanceId: row.instance_id,
    hash: row.hash.toString('hex'),
    keyId: row.seal_key_id,
  }));
}

function toListed(row: Row): ListedAudit {
  return {
    id: row.id,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    version: row.version,
    action: row.action,
    actor: row.actor,
    at: row.at.toISOString(),
    operationId: row.operation_id,
    detail: row.detail,
  };
}
