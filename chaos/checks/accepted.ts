import { isAccepted, type Entry } from '../load/journal.ts';
import type { Outcome, World } from './check.ts';

/**
 * What is on record after an accepted act. Where such a thing was so already, accepting it again records nothing; then
 * an earlier record has to be there.
 */
const RECORDS: Record<string, string> = {
  connect: 'connection.created',
  send: 'connection.sending_started',
  'opt out': 'connection.opt_out_accepted',
  reconnect: 'connection.reconnected',
  move: 'connection.move_accepted',
  forget: 'connection.forget_accepted',
  "enable the instance's side": 'sharing.instance_side_enabled',
  "enable the account's side": 'sharing.account_side_enabled',
  "disable the instance's side": 'sharing.instance_side_disabled',
  "disable the account's side": 'sharing.account_side_disabled',
  revoke: 'sharing.revoked',
  'request access': 'request.made',
  claim: 'request.assigned',
  'log a contact': 'request.contacted',
  'ask for information': 'request.information_asked',
  'give information': 'request.information_given',
  withdraw: 'request.withdrawn',
  nudge: 'request.nudged',
  approve: 'request.approved',
  deny: 'request.denied',
  trigger: 'sync.triggered',
};

/** I8: every request that was accepted is on record, and the record is older than its answer. */
export async function checkAccepted({ setting: { pool }, cast: { journal } }: World): Promise<Outcome> {
  const accepted = journal.entries.filter((entry) => isAccepted(entry) && settled(entry) && entry.act in RECORDS);
  const { rows } = await pool.query<{ number: number }>(
    `select e.number from unnest($1::int[], $2::text[], $3::text[], $4::uuid[]) as e (number, key, action, subject_id)
     left join idempotency k on k.key = e.key
     where not exists (select 1 from audit a where a.action = e.action
       and (a.operation_id = k.update_id or (e.subject_id is not null and a.subject_id = e.subject_id)))`,
    [
      accepted.map(({ number }) => number),
      accepted.map(({ key }) => key),
      accepted.map(({ act }) => RECORDS[act]),
      accepted.map(subjectOf),
    ],
  );
  return {
    checked: accepted.length,
    violations: rows.map(({ number }) => ({
      expected: 'an accepted request to be on record',
      facts: journal.entries[number - 1],
    })),
  };
}

/** 202 of an act that its workflow answers says no more than that it is asked. */
function settled({ act, answer }: Entry): boolean {
  return answer!.status !== 202 || !['send', 'reconnect'].includes(act);
}

function subjectOf(entry: Entry): string | null {
  const inPath = /\/([0-9a-f-]{36})(?:\/|$)/.exec(entry.path)?.[1];
  return inPath ?? (entry.answer!.body as { id?: string } | null)?.id ?? null;
}
