import type { Queryable } from './pool.ts';

/** A note of an act on an instance, e.g. why its access was revoked. Called inside the act's own transaction. */
export async function writeInstanceNote(
  tx: Queryable,
  note: { id: string; instanceId: string; author: string; text: string; at: string },
): Promise<void> {
  await tx.query(
    `insert into note (id, subject_kind, subject_id, author, text, created_at) values ($1, 'instance', $2, $3, $4, $5)
     on conflict (id) do nothing`,
    [note.id, note.instanceId, note.author, note.text, note.at],
  );
}

/** The act that the note belongs to was refused: nothing of it stays. */
export async function dropNote(db: Queryable, id: string): Promise<void> {
  await db.query(
    `delete from note where id = $1
       and not exists (select 1 from audit where subject_id = note.subject_id and detail ->> 'noteId' = $1::text)`,
    [id],
  );
}

export interface RequestNote {
  /** The audit action that it was written for, e.g. `request.denied`. */
  action: string;
  author: string;
  text: string;
  at: string;
}

/** The notes of an access request with the acts that they belong to, oldest first. */
export async function notesOfRequest(db: Queryable, requestId: string): Promise<RequestNote[]> {
  const { rows } = await db.query<{ action: string; author: string; text: string; created_at: Date }>(
    `select a.action, n.author, n.text, n.created_at
     from note n join audit a on a.subject_id = n.subject_id and a.detail ->> 'noteId' = n.id::text
     where n.subject_id = $1 order by n.created_at, n.id`,
    [requestId],
  );
  return rows.map(({ created_at: at, ...note }) => ({ ...note, at: at.toISOString() }));
}
