import type { Outcome, World } from './check.ts';

interface Shown {
  from: string;
  to: string;
  total: number;
  sources: { label: string; total: number }[];
}

const LABELS = ['GitHub Enterprise Server', 'Gitea'];

/** I5: a public profile shows what is kept of connections that send, and nothing else; a private one nothing. */
export async function checkProfiles({ setting: { pool, apis }, random }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const { rows } = await pool.query<{ id: string; visibility: string }>('select id, visibility from profile');
  for (const { id, visibility } of rows) {
    const answer = await fetch(`${random.pick(apis).url}/api/v1/profiles/${id}`);
    outcome.checked += 1;
    if (visibility === 'private') {
      if (answer.status !== 404) outcome.violations.push({ expected: 'a private profile not to be there', facts: id });
      continue;
    }
    const shown = (await answer.json()) as Shown;
    const kept = await pool.query<{ total: number }>(
      `select coalesce(sum(d.count), 0)::int as total from connection_person p
       join ledger_day d on d.connection_id = p.connection_id and d.date between $2::date and $3::date
       where p.profile_id = $1`,
      [id, shown.from, shown.to],
    );
    const { total } = kept.rows[0]!;
    if (shown.total === total && shown.sources.every(({ label }) => LABELS.includes(label))) continue;
    outcome.violations.push({ expected: `a profile to show ${total} and its sources`, facts: { id, ...shown } });
  }
  return outcome;
}
