import type { Developer, Told } from '../load/developer.ts';
import type { Outcome, World } from './check.ts';

interface Seen {
  status: string;
  erased: boolean;
  switched_off: boolean;
  /** Sharing was turned off after they were told. */
  turned_off: boolean;
  counts: number;
  github_user_id: number | null;
}

/** What a developer was told last, and what must be so by now. Their window to come back may end at any time. */
const MUST: Record<Told, (seen: Seen, developer: Developer) => boolean> = {
  nothing: () => true,
  unknown: () => true,
  connected: ({ status, turned_off: off }) => status === 'connected' || off,
  sending: ({ status, turned_off: off }) => ['sending', 'restoring'].includes(status) || off,
  moved: ({ github_user_id: profile, erased }, { githubUserIds, uses }) => erased || profile === githubUserIds[uses],
  stopped: ({ status, counts }) => ['restorable', 'ended'].includes(status) && counts === 0,
  forgotten: ({ erased, counts }) => erased && counts === 0,
};

/** I8: what was accepted of each developer's last act is so. */
export async function checkTold({ setting: { pool }, cast: { developers } }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  for (const developer of developers) {
    const { connectionId, open, toldAt, unsureUntil } = developer;
    if (connectionId === undefined || open || toldAt < unsureUntil) continue;
    const { rows } = await pool.query<Seen>(
      `select c.status, c.erased_at is not null as erased,
         coalesce(c.sharing_generation, c.joined_generation) <> i.sharing_generation as switched_off,
         exists (select 1 from turning_off t where t.instance_id = c.instance_id and t.asked_at >= $2) as turned_off,
         (select count(*) from ledger_day d where d.connection_id = c.id)::int as counts, f.github_user_id
       from connection c join instance i on i.id = c.instance_id
       left join connection_person p on p.connection_id = c.id left join profile f on f.id = p.profile_id
       where c.id = $1`,
      [developer.connectionId, new Date(developer.toldAt)],
    );
    outcome.checked += 1;
    const [seen] = rows;
    if (seen && MUST[developer.told](seen, developer)) continue;
    outcome.violations.push({
      expected: `what ${developer.key} was told last (${developer.told}) to be so`,
      facts: { connection: developer.connectionId, toldAt: new Date(developer.toldAt).toISOString(), seen },
    });
  }
  return outcome;
}
