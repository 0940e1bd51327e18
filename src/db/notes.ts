import { DomainError } from '../domain/errors.ts';
import { recordAudit } from './audit.ts';
import type { Queryable } from './pool.ts';

/** Free text about a subject. It is kept apart from everything else, so that it can be erased. */
export interface Note {
  id: string;
  subjectKind: 'request' | 'connection';
  subjectId: string;
  /** A pseudonym, as in audit records. */
  author: string;
  text: string;
  /** ISO. */
  at: string;
}

/** Writing the same id again changes nothing. @throws DomainError note_required for a blank text */
export async function writeNote(tx: Queryable, note: Note): Promise<void> {
  if (note.text.trim() === '') throw new DomainError('note_required');
  await tx.query(
    `insert into note (id, subject_kind, subject_id, author, text, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do nothing`,
    [note.id, note.subjectKind, note.subjectId, note.author, note.text, note.at],
  );
}

/** A subject's notes, oldest first. */
export async function listNotes(db: Queryable, subjectId: string): Promise<Note[]> {
  const { rows } = await db.query<{
    id: string;
    subject_kind: Note['subjectKind'];
    subject_id: string;
    author: string;
    text: string;
    created_at: Date;
  }>(
    `select id, subject_kind, subject_id, author, text, created_at from note where subject_id = $1
     order by created_at, id`,
    [subjectId],
  );
  return rows.map((row) => ({
    id: row.id,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    author: row.author,
    text: row.text,
    at: row.created_at.toISOString(),
  }));
}

/** Erases the texts of a request's notes, with a record of how many there were. Call it inside a transaction. */
export async function eraseNotes(
  tx: Queryable,
  requestId: string,
  by: { actor: string; at: string; operationId: string },
): Promise<void> {
  const { rowCount } = await tx.query('delete from note where subject_id = $1', [requestId]);
  if (!rowCount) return;
  const record = { subjectKind: 'request', subjectId: requestId, action: 'request.notes_erased' } as const;
  await recordAudit(tx, { ...record, ...by, detail: { notes: rowCount } });
}
