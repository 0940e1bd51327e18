import { windowAt, type DayCount } from '../../src/domain/window.ts';
import type { Outcome, World } from './check.ts';

/** I3: after a run that reported success the ledger is what the source says, day by day. */
export async function checkCounts({ setting: { pool }, cast, run }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const window = windowAt(run.startedAt);
  for (const developer of cast.developers) {
    const { rows } = await pool.query<{ id: string; failure: string | null }>(
      `select c.id, f.class as failure from connection c join connection_person p on p.connection_id = c.id
       join instance i on i.id = c.instance_id left join sync_failure f on f.connection_id = c.id
       where p.instance_id = $1 and p.source_user_id = $2 and c.status = 'sending' and i.gate_open
         and c.sharing_generation = i.sharing_generation and c.restore_until is null`,
      [developer.instanceId, developer.sourceUserId],
    );
    const [sending] = rows;
    if (!sending) continue;
    const who = { developer: developer.key, connection: sending.id };
    outcome.checked += window.labels.length;
    if (sending.failure !== null) {
      outcome.violations.push({ expected: 'no failure after a run without faults', facts: { ...who, ...sending } });
      continue;
    }
    const want = await cast.truth(developer, window.from, window.to);
    const have = await pool.query<DayCount>(
      'select date::text as date, count from ledger_day where connection_id = $1 order by ledger_day.date',
      [sending.id],
    );
    const differs = differing(want, have.rows);
    if (differs.length === 0) continue;
    outcome.violations.push({ expected: 'the ledger to be what the source says', facts: { ...who, differs } });
  }
  return outcome;
}

function differing(want: readonly DayCount[], have: readonly DayCount[]) {
  const [truth, kept] = [mapOf(want), mapOf(have)];
  const days = [...new Set([...truth.keys(), ...kept.keys()])].toSorted();
  return days
    .map((date) => ({ date, source: truth.get(date) ?? 0, ledger: kept.get(date) ?? 0 }))
    .filter(({ source, ledger }) => source !== ledger);
}

const mapOf = (days: readonly DayCount[]) => new Map(days.map(({ date, count }) => [date, count]));
