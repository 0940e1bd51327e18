import { schedule } from '../../src/cli/answers.ts';
import { diagnose } from '../../src/cli/diagnosis.ts';
import { examination } from '../../src/cli/examination.ts';
import type { Outcome, World } from './check.ts';

/** What a doctor says of a connection that is as somebody wanted it. */
const AS_WANTED = /^(Nothing: |Sharing of \S+ is (off|available)|Sharing was off in between|The developer opted out)/i;

/** The operators' doctor finds nothing to do. */
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
  return outcome;
}
