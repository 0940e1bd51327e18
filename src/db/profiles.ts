import { randomUUID } from 'node:crypto';
import type { Day } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import { SOURCE_LABELS, type SourceKind, type SourceLabel } from '../domain/source-label.ts';
import type { DayCount } from '../domain/window.ts';
import { recordAudit, recordedVersion } from './audit.ts';
import { ledger } from './ledger.ts';
import type { Queryable } from './pool.ts';

export type Visibility = 'private' | 'public';
export interface Profile {
  id: string;
  visibility: Visibility;
  visibilityAt: string | null;
}

const COLUMNS = 'id, visibility, visibility_at';

interface Row {
  id: string;
  visibility: Visibility;
  visibility_at: Date | null;
}

const toProfile = (row: Row): Profile => ({
  id: row.id,
  visibility: row.visibility,
  visibilityAt: row.visibility_at?.toISOString() ?? null,
});

/**
 * The profile of a GitHub.com user, made private if there was none. It is locked until the caller's transaction ends, so
 * that it is not erased meanwhile with the last link that feeds it. Whoever takes an instance's or a connection's lock
 * takes that first, as erasing does.
 */
export async function ensureProfile(tx: Queryable, githubUserId: number): Promise<Profile> {
  const { rows } = await tx.query<Row>(
    // An update that changes nothing waits for whoever erases the row, and then makes a new one.
    `insert into profile (id, github_user_id) values ($1, $2)
     on conflict (github_user_id) do update set github_user_id = excluded.github_user_id returning ${COLUMNS}`,
    [randomUUID(), githubUserId],
  );
  return toProfile(rows[0]!);
}

/**
 * Whether a connection of this instance may feed the profile, which the caller has locked by `ensureProfile`.
 * @throws DomainError profile_taken
 */
export async function requireFreeProfile(tx: Queryable, instanceId: string, profileId: string): Promise<void> {
  const taken = await tx.query(
    'select 1 from connection_person where instance_id = $1 and (profile_id = $2 or next_profile_id = $2)',
    [instanceId, profileId],
  );
  if (taken.rowCount) throw new DomainError('profile_taken');
}

export async function profileOf(db: Queryable, githubUserId: number): Promise<Profile | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from profile where github_user_id = $1`, [githubUserId]);
  return rows[0] && toProfile(rows[0]);
}

/** Call it in the transaction of `ensureProfile`; neither the visibility that it has already nor the same act again changes anything. */
export async function setVisibility(
  tx: Queryable,
  profileId: string,
  visibility: Visibility,
  by: { actor: string; at: string; operationId: string },
): Promise<Profile> {
  await tx.query('select 1 from profile where id = $1 for update', [profileId]);
  if ((await recordedVersion(tx, profileId, by.operationId)) === undefined) {
    const changed = await tx.query(
      'update profile set visibility = $2, visibility_at = $3 where id = $1 and visibility <> $2',
      [profileId, visibility, by.at],
    );
    const action = visibility === 'public' ? 'profile.made_public' : 'profile.made_private';
    if (changed.rowCount) await recordAudit(tx, { subjectKind: 'profile', subjectId: profileId, action, ...by });
  }
  const { rows } = await tx.query<Row>(`select ${COLUMNS} from profile where id = $1`, [profileId]);
  return toProfile(rows[0]!);
}

/** What anyone may see of one source: its label and its counts. */
export interface PublicSource {
  label: SourceLabel;
  /** When its counts were last compared, where that has failed for days; else null. */
  asOf: string | null;
  days: DayCount[];
}

/**
 * The sources of a public profile, or undefined where there is none or it is private. Nothing of an instance whose gate
 * is closed, of a connection that was removed, or of one whose removal is accepted.
 * @param failingSince ISO: a source that has failed since before then shows its "as of"
 */
export async function publicSources(
  db: Queryable,
  profileId: string,
  range: { from: Day; to: Day },
  failingSince: string,
): Promise<PublicSource[] | undefined> {
  const { rows } = await db.query<{ id: string | null; kind: SourceKind; as_of: Date | null }>(
    `select c.id, i.kind, case when f.first_at < $2 then f.first_at end as as_of
     from profile p
     left join connection_person m on m.profile_id = p.id
     left join instance i on i.id = m.instance_id and i.gate_open
     left join connection c on c.id = m.connection_id and c.sharing_generation = i.sharing_generation
       and c.restore_until is null and c.erased_at is null
       and not exists (select 1 from intent where subject_id = c.id and done_at is null)
     left join sync_failure f on f.connection_id = c.id
     where p.id = $1 and p.visibility = 'public' order by c.created_at, c.id`,
    [profileId, failingSince],
  );
  if (rows.length === 0) return undefined;
  const shown = rows.filter((row) => row.id !== null);
  const days = await ledger.read(
    db,
    shown.map((row) => row.id!),
    range.from,
    range.to,
  );
  return shown.map((row) => ({
    label: SOURCE_LABELS[row.kind],
    asOf: row.as_of?.toISOString() ?? null,
    days: days.filter((day) => day.connectionId === row.id).map(({ date, count }) => ({ date, count })),
  }));
}
