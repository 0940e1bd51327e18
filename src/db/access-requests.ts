import type { AccessRequest, Requester, RequestStatus, Standing } from '../domain/access-request.ts';
import type { CheckCode } from '../domain/eligibility.ts';
import { DomainError } from '../domain/errors.ts';
import { recordAudit } from './audit.ts';
import type { Queryable } from './pool.ts';

/** The projection of an access request; the workflow `access-request/<id>` decides, these rows are what is read. */
export interface AccessRequestRow {
  id: string;
  instanceId: string;
  /** The instance's request before this one. */
  previousId: string | null;
  requester: Requester;
  status: RequestStatus;
  failedChecks: CheckCode[];
  decidedByTerms: boolean;
  informationAsked: boolean;
  handler: string | null;
  contactDueAt: string | null;
  expiresAt: string | null;
  nudgedAt: string | null;
  decidedAt: string | null;
  version: number;
  createdAt: string;
}

const COLUMNS = `id, instance_id, previous_id, requester_source_user_id, requester_source_created_at, requester_github_user_id, status, failed_checks,
  decided_by_terms, information_asked, handler, contact_due_at, expires_at, nudged_at, decided_at, reminders, escalations, version, created_at`;

interface Row {
  id: string;
  instance_id: string;
  previous_id: string | null;
  requester_source_user_id: number;
  requester_source_created_at: Date;
  requester_github_user_id: number;
  status: RequestStatus;
  failed_checks: CheckCode[];
  decided_by_terms: boolean;
  information_asked: boolean;
  handler: string | null;
  contact_due_at: Date | null;
  expires_at: Date | null;
  nudged_at: Date | null;
  decided_at: Date | null;
  reminders: number;
  escalations: number;
  version: number;
  created_at: Date;
}

const iso = (value: Date | null): string | null => value?.toISOString() ?? null;

function toRequest(row: Row): AccessRequestRow {
  return {
    id: row.id,
    instanceId: row.instance_id,
    previousId: row.previous_id,
    requester: {
      sourceUserId: row.requester_source_user_id,
      sourceCreatedAt: `${row.requester_source_created_at.toISOString().slice(0, 19)}Z`,
      githubUserId: row.requester_github_user_id,
    },
    status: row.status,
    failedChecks: row.failed_checks,
    decidedByTerms: row.decided_by_terms,
    informationAsked: row.information_asked,
    handler: row.handler,
    contactDueAt: iso(row.contact_due_at),
    expiresAt: iso(row.expires_at),
    nudgedAt: iso(row.nudged_at),
    decidedAt: iso(row.decided_at),
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
}

/** What a workflow has to know to go on from the row. */
function standingOf(row: Row): Standing {
  const { id: _, instanceId: __, previousId: ___, version, createdAt: askedAt, ...shown } = toRequest(row);
  return { request: { ...shown, askedAt, reminders: row.reminders, escalations: row.escalations }, version };
}

export interface NewAccessRequest {
  /** Chosen by the caller from its idempotency key, so that asking again finds the same request. */
  id: string;
  instanceId: string;
  requester: Requester;
  actor: string;
  /** Business time, ISO. */
  at: string;
  operationId: string;
}

/**
 * Opens a request, linked to the instance's earlier one, with its audit record. Call it inside a transaction. The same
 * id again gives the row that is there.
 * @throws DomainError request_open, with `requestId` of the open one among its facts; not_found; fence_moved when the
 * open one was closed meanwhile
 */
export async function insertRequest(tx: Queryable, request: NewAccessRequest): Promise<AccessRequestRow> {
  const { id, instanceId, requester, at } = request;
  const inserted = await tx.query(
    `insert into access_request (id, instance_id, previous_id, requester_source_user_id, requester_github_user_id,
       status, created_at, requester_source_created_at)
     select $1::uuid, i.id, (select p.id from access_request p where p.instance_id = i.id and p.id <> $1::uuid
       order by p.created_at desc, p.version desc limit 1), $3::bigint, $4::bigint, 'checking', $5::timestamptz,
       $6::timestamptz
     from instance i where i.id = $2
     on conflict do nothing`,
    [id, instanceId, requester.sourceUserId, requester.githubUserId, at, requester.sourceCreatedAt],
  );
  if (inserted.rowCount === 0) return sameRequest(tx, request);
  const version = await recordAudit(tx, {
    subjectKind: 'request',
    subjectId: id,
    action: 'request.made',
    actor: request.actor,
    at,
    operationId: request.operationId,
    detail: { to: 'checking', instanceId },
  });
  await tx.query('update access_request set version = $2 where id = $1', [id, version]);
  return (await findRequest(tx, id))!;
}

async function sameRequest(tx: Queryable, { id, instanceId }: NewAccessRequest): Promise<AccessRequestRow> {
  const same = await findRequest(tx, id);
  if (same?.instanceId === instanceId) return same;
  const open = await openRequest(tx, instanceId);
  if (!open) {
    const instance = await tx.query('select 1 from instance where id = $1', [instanceId]);
    throw new DomainError(instance.rowCount ? 'fence_moved' : 'not_found');
  }
  throw new DomainError('request_open', undefined, { facts: { requestId: open.id } });
}

export async function findRequest(db: Queryable, id: string): Promise<AccessRequestRow | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from access_request where id = $1`, [id]);
  return rows[0] && toRequest(rows[0]);
}

/** The instance's one request that is not closed. */
export async function openRequest(db: Queryable, instanceId: string): Promise<AccessRequestRow | undefined> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from access_request where instance_id = $1 and status in ('checking', 'logged', 'contacted')`,
    [instanceId],
  );
  return rows[0] && toRequest(rows[0]);
}

/** An instance's requests, newest first. */
export async function listRequestsOf(db: Queryable, instanceId: string, limit: number): Promise<AccessRequestRow[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from access_request where instance_id = $1 order by created_at desc, id limit $2`,
    [instanceId, limit],
  );
  return rows.map(toRequest);
}

/** Support's queue: what waits, by when the first contact is due; those already contacted come after. */
export async function listQueue(
  db: Queryable,
  page: { statuses: readonly RequestStatus[]; limit: number; offset: number },
): Promise<AccessRequestRow[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from access_request where status = any($1)
     order by status <> 'logged', contact_due_at nulls last, id limit $2 offset $3`,
    [page.statuses, page.limit, page.offset],
  );
  return rows.map(toRequest);
}

/** Locks the row for a step of its workflow, or for who is forgotten: nobody else writes it, and nobody waits for long. */
export async function lockRequest(tx: Queryable, id: string): Promise<({ instanceId: string } & Standing) | undefined> {
  const { rows } = await tx.query<Row>(`select ${COLUMNS} from access_request where id = $1 for update`, [id]);
  return rows[0] && { instanceId: rows[0].instance_id, ...standingOf(rows[0]) };
}

export async function standingIn(db: Queryable, id: string): Promise<Standing | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from access_request where id = $1`, [id]);
  return rows[0] && standingOf(rows[0]);
}

/** Writes the projection under the version that its audit record was given. */
export async function projectRequest(tx: Queryable, id: string, next: AccessRequest, version: number): Promise<void> {
  await tx.query(
    `update access_request set status = $2, failed_checks = $3, decided_by_terms = $4, information_asked = $5,
       handler = $6, contact_due_at = $7, expires_at = $8, nudged_at = $9, decided_at = $10, reminders = $11,
       escalations = $12, version = $13
     where id = $1`,
    [
      id,
      next.status,
      next.failedChecks,
      next.decidedByTerms,
      next.informationAsked,
      next.handler,
      next.contactDueAt,
      next.expiresAt,
      next.nudgedAt,
      next.decidedAt,
      next.reminders,
      next.escalations,
      version,
    ],
  );
}

export interface OrphanedRequest {
  requestId: string;
  instanceId: string;
  requester: Requester;
  askedAt: string;
  /** What its workflow goes on from; undefined where nothing was written yet. */
  standing?: Standing;
}

/**
 * Requests whose workflow may never have been started, and open ones that nobody looked at for two hours: theirs may have
 * been lost, or restored to an earlier moment, which no row tells. Those waited for longest come first.
 */
export async function orphanedRequests(db: Queryable, limit: number): Promise<OrphanedRequest[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from access_request
     where status = 'checking' and recorded_at < now() - interval '1 minute'
       or status in ('logged', 'contacted') and recorded_at < now() - interval '2 hours'
         and (looked_at is null or looked_at < now() - interval '2 hours')
     order by coalesce(looked_at, recorded_at) limit $1`,
    [limit],
  );
  return rows.map(toOrphan);
}

function toOrphan(row: Row): OrphanedRequest {
  const { id: requestId, instanceId, requester, createdAt: askedAt, status } = toRequest(row);
  const orphan = { requestId, instanceId, requester, askedAt };
  return status === 'checking' ? orphan : { ...orphan, standing: standingOf(row) };
}

/** One open request, as a workflow that has to be started anew needs it. */
export async function orphanOf(db: Queryable, id: string): Promise<OrphanedRequest | undefined> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from access_request where id = $1 and status in ('checking', 'logged', 'contacted')`,
    [id],
  );
  return rows[0] && toOrphan(rows[0]);
}

/** It was looked at now: the next time is the others' turn. */
export async function markLookedAt(db: Queryable, id: string): Promise<void> {
  await db.query('update access_request set looked_at = now() where id = $1', [id]);
}
