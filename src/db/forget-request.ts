import { withdrawForgotten, type Standing } from '../domain/access-request.ts';
import { recordAudit } from './audit.ts';
import { lockRequest, projectRequest } from './access-requests.ts';
import { enqueue } from './outbox.ts';
import type { Queryable } from './pool.ts';

interface By {
  actor: string;
  at: string;
}

/** Who asked, where that was erased. */
const NOBODY = `requester_source_user_id = 0, requester_source_created_at = 'epoch', requester_github_user_id = 0`;

/**
 * Erases who asked for access, and all that was written about it; what is open is withdrawn. Nobody is waited for: the
 * workflow finds that its row has moved on, by its next step or when it is told. Twice it is once.
 * @returns what the row says now; undefined where nobody's name was left in it
 */
export async function forgetRequester(tx: Queryable, requestId: string, by: By): Promise<Standing | undefined> {
  const row = await lockRequest(tx, requestId);
  if (!row || row.request.requester.githubUserId === 0) return undefined;
  const subject = { subjectKind: 'request', subjectId: requestId, ...by } as const;
  const { next, action, notices } = withdrawForgotten(row.request);
  let { version } = row;
  if (action !== undefined) {
    version = await recordAudit(tx, { ...subject, action, detail: { from: row.request.status, to: next.status } });
    await projectRequest(tx, requestId, next, version);
    await enqueue(
      tx,
      notices.map(({ event, to }) => ({
        event,
        subjectKind: 'request',
        subjectId: requestId,
        address: to,
        dedupeKey: `${requestId}/forgotten/${event}`,
        payload: { instanceId: row.instanceId },
        at: by.at,
      })),
    );
  }
  const notes = await tx.query('delete from note where subject_id = $1', [requestId]);
  await tx.query(`update access_request set ${NOBODY}, looked_at = null where id = $1`, [requestId]);
  await recordAudit(tx, { ...subject, action: 'request.requester_erased', detail: { notes: notes.rowCount ?? 0 } });
  return { request: next, version };
}

/** Requests of people who were forgotten, whose workflow was not told yet. */
export async function untoldRequests(db: Queryable, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id from access_request where requester_github_user_id = 0 and looked_at is null order by id limit $1',
    [limit],
  );
  return rows.map((row) => row.id);
}
