import { isAccepted, type Entry } from '../load/journal.ts';
import type { Outcome, World } from './check.ts';

/** What is on record after an accepted act, in the record of that very request. */
const RECORDS: Record<string, string> = {
  connect: 'connection.created',
  send: 'connection.sending_started',
  'opt out': 'connection.opt_out_accepted',
  reconnect: 'connection.reconnected',
  'show the profile': 'profile.made_public',
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

/**
 * What was so already is accepted again and recorded once. Then the latest record of the kind, before the answer, has to
 * say that it was so: one that undid it in between would have been another act's.
 */
const SO_ALREADY: Record<string, { is: string; undone: readonly string[] }> = {
  'opt out': { is: 'connection.opt_out_accepted', undone: ['connection.reconnected', 'connection.sending_started'] },
  forget: { is: 'connection.forget_accepted', undone: [] },
  send: { is: 'connection.sending_started', undone: ['connection.opt_out_accepted', 'connection.forget_accepted'] },
  reconnect: { is: 'connection.reconnected', undone: ['connection.opt_out_accepted', 'connection.forget_accepted'] },
  "enable the instance's side": switchedTo('instance', 'enabled'),
  "enable the account's side": switchedTo('account', 'enabled'),
  "disable the instance's side": switchedTo('instance', 'disabled'),
  "disable the account's side": switchedTo('account', 'disabled'),
  revoke: { is: 'sharing.revoked', undone: ['sharing.approved'] },
  'show the profile': { is: 'profile.made_public', undone: ['profile.made_private'] },
};

function switchedTo(side: 'instance' | 'account', to: 'enabled' | 'disabled') {
  const undone = to === 'enabled' ? 'disabled' : 'enabled';
  return { is: `sharing.${side}_side_${to}`, undone: [`sharing.${side}_side_${undone}`, 'sharing.revoked'] };
}

/** I8: every request that was accepted is on record, and the record is older than its answer. */
export async function checkAccepted({ setting: { pool }, cast: { journal } }: World): Promise<Outcome> {
  const accepted = journal.entries.filter((entry) => isAccepted(entry) && settled(entry) && entry.act in RECORDS);
  const { rows } = await pool.query<{ number: number }>(
    `select e.number from unnest($1::int[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[])
       as e (number, key, action, subject_id, is_so, undone, answered_at)
     left join idempotency k on k.key = e.key
     where not exists (select 1 from audit a where a.action = e.action and a.operation_id = k.update_id)
       and e.is_so is distinct from (select a.action from audit a where a.subject_id = e.subject_id
         and a.recorded_at < e.answered_at and a.action = any (e.is_so || string_to_array(e.undone, ','))
         order by a.id desc limit 1)`,
    [
      accepted.map(({ number }) => number),
      accepted.map(({ key }) => key),
      accepted.map(({ act }) => RECORDS[act]),
      accepted.map(subjectOf),
      accepted.map(({ act }) => SO_ALREADY[act]?.is ?? null),
      accepted.map(({ act }) => SO_ALREADY[act]?.undone.join(',') ?? ''),
      accepted.map(({ answeredAt }) => new Date(answeredAt!)),
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

/** 202 of an act that its workflow answers says no more than that it is asked: it may find the gate closed, or a source ill. */
function settled({ act, answer }: Entry): boolean {
  return answer!.status !== 202 || !['send', 'reconnect', 'approve'].includes(act);
}

function subjectOf(entry: Entry): string | null {
  const inPath = /\/([0-9a-f-]{36})(?:\/|$)/.exec(entry.path)?.[1];
  return inPath ?? (entry.answer!.body as { id?: string } | null)?.id ?? null;
}
