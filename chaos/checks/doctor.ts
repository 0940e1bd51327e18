import { findings as page, schedule, type Findings } from '../../src/cli/answers.ts';
import { diagnose } from '../../src/cli/diagnosis.ts';
import { examination } from '../../src/cli/examination.ts';
import type { Caller } from '../load/caller.ts';
import type { Outcome, World } from './check.ts';

/** What a doctor says of a connection that is as somebody wanted it. */
const AS_WANTED = /^(Nothing: |Sharing of \S+ is (off|available)|Sharing was off in between|The developer opted out)/i;

/** From so many failed attempts on a step counts as one that cannot go on, after all was given the time to heal. */
const ATTEMPTS = 3;

/** The operators' doctor finds nothing to do: neither about a connection, nor between all rows and all workflows. */
export async function checkDoctor({ setting: { pool }, cast: { operator } }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const sync = await operator.read(0, '/api/v1/sync');
  const { rows } = await pool.query<{ id: string }>('select id from connection where erased_at is null');
  for (const { id } of rows) {
    const found = await operator.read(1, `/api/v1/doctor/connections/${id}`);
    const says = found && diagnose(examination.parse(found.body), sync && schedule.parse(sync.body));
    outcome.checked += 1;
    const findings = says?.filter((line) => !AS_WANTED.test(line)) ?? ['it did not answer'];
    if (findings.length > 0)
      outcome.violations.push({ expected: 'the doctor to find nothing', facts: { id, findings } });
  }
  const { items, examined } = await everything(operator);
  outcome.checked += examined;
  outcome.violations.push(...items.map((facts) => ({ expected: 'the doctor to find nothing', facts })));
  return outcome;
}

async function everything(operator: Caller): Promise<Findings> {
  const all: Findings = { items: [], examined: 0 };
  for (let after = ''; ;) {
    const query = new URLSearchParams({ attempts: String(ATTEMPTS), ...(after && { after }) });
    const reply = await operator.read(1, `/api/v1/doctor/findings?${query.toString()}`);
    const { items, examined, next } = page.parse(reply?.body);
    all.items.push(...items);
    all.examined += examined;
    if (next === undefined) return all;
    after = next;
  }
}
