import type { Outcome, World } from './check.ts';

interface RowCheck {
  expected: string;
  /** How many things it is said of. */
  of: string;
  /** Those of which it does not hold. */
  but: string;
}

const STEPS_WITH_RECEIPT = `('connection.counts_deleted', 'connection.moved', 'connection.forgotten')`;
const TOLD_OF_CONNECTION = `('connection.counts_deleted', 'connection.removal_observed', 'connection.restored')`;
const TOLD_OF_REQUEST = `('request.assigned', 'request.information_asked', 'request.information_given',
  'request.approved', 'request.denied', 'request.withdrawn', 'request.nudged')`;
const LIFE_CYCLES = `('connection', 'request', 'sharing')`;

/** What must hold of the tables, whatever happened before. A new one is a row here. */
const ROW_CHECKS: readonly RowCheck[] = [
  {
    expected: 'counts only of connections that may send',
    of: 'select count(*) from ledger',
    but: `select c.id, c.status, c.restore_until, c.erased_at, i.sharing_status from ledger l
      left join connection c on c.id = l.connection_id left join instance i on i.id = c.instance_id
      where c.id is null or c.erased_at is not null or c.restore_until is not null or not i.gate_open
        or c.sharing_generation is distinct from i.sharing_generation or c.status not in ('sending', 'restoring')`,
  },
  {
    expected: 'no count written where none may be, at any moment',
    of: 'select 1',
    but: 'select * from chaos.breach',
  },
  {
    expected: 'an audit record in the transaction of each transition',
    of: 'select count(*) from chaos.moved',
    but: `select m.* from chaos.moved m where not exists (select 1 from chaos.noted n
      where n.xid = m.xid and n.kind = m.kind and n.subject_id = m.subject_id)`,
  },
  {
    expected: 'a transition in the transaction of each audit record',
    of: `select count(*) from chaos.noted where kind in ${LIFE_CYCLES}`,
    but: `select n.* from chaos.noted n where n.kind in ${LIFE_CYCLES} and n.action <> 'sharing.cohort_erased'
      and not exists (select 1 from chaos.moved m where m.xid = n.xid and m.kind = n.kind and m.subject_id = n.subject_id)`,
  },
  {
    expected: 'each record of a connection to say the status that its row had then',
    of: `select count(*) from chaos.noted where kind = 'connection'`,
    but: `select n.*, a.detail ->> 'to' as said, m.becomes ->> 'status' as was from chaos.noted n
      join audit a on a.id = n.audit_id
      join lateral (select becomes from chaos.moved m where m.xid = n.xid and m.kind = n.kind and m.subject_id = n.subject_id
        order by m.id desc limit 1) m on true
      where n.kind = 'connection' and a.detail ? 'to' and a.detail ->> 'to' <> m.becomes ->> 'status'`,
  },
  {
    expected: 'versions that grow with each record of a subject',
    of: 'select count(*) from audit',
    but: `select * from (select id, subject_id, action, version,
        lag(version) over (partition by subject_kind, subject_id order by id) as before from audit) where before >= version`,
  },
  {
    expected: 'each row to have the version of its last step',
    of: 'select (select count(*) from connection) + (select count(*) from access_request)',
    but: `select c.id, c.version from connection c where c.version <> (select max(a.version) from audit a
        where a.subject_id = c.id and a.action not like '%\\_accepted')
      union all select r.id, r.version from access_request r
        where r.version <> (select max(a.version) from audit a where a.subject_id = r.id)
      union all select i.id, i.sharing_version from instance i
        where i.sharing_version <> (select coalesce(max(a.version), 0) from audit a
          where a.subject_id = i.id and a.subject_kind = 'sharing' and a.action <> 'sharing.cohort_erased')`,
  },
  {
    expected: 'a receipt for each deletion of a connection',
    of: `select count(*) from audit where action in ${STEPS_WITH_RECEIPT}`,
    but: `select a.subject_id, a.action, a.operation_id from audit a
      where a.action in ${STEPS_WITH_RECEIPT} and not exists (select 1 from receipt r where r.scope = 'connection'
        and r.subject_id = a.subject_id and 'removed/' || r.generation = a.operation_id)`,
  },
  {
    expected: 'a deletion on record for each receipt of a connection',
    of: `select count(*) from receipt where scope = 'connection'`,
    but: `select r.* from receipt r where r.scope = 'connection' and (r.verified_at < r.asked_at
      or not exists (select 1 from removal d where d.connection_id = r.subject_id and d.generation = r.generation)
      or not exists (select 1 from audit a where a.subject_id = r.subject_id
        -- Whoever asked to be forgotten as the link ended by itself has a receipt too: nothing was left to delete.
        and (a.operation_id = 'removed/' || r.generation or (a.action = 'connection.lapsed' and r.items_deleted = 0))))`,
  },
  {
    // One that was overtaken has no receipt: what it had deleted is in the receipt of the one that overtook it. What went
    // while the instance was turned off may be in either's.
    expected: 'receipts of as many counts of a connection as were deleted',
    of: `select count(*) from receipt where scope = 'connection'`,
    but: `select t.* from (select r.subject_id, max(r.generation) as latest, sum(r.items_deleted) as told
        from receipt r where r.scope = 'connection' group by r.subject_id) t
      join lateral (select coalesce(sum(d.items), 0) as most, coalesce(sum(d.items) filter (where not d.by_instance), 0) as least
        from chaos.deleted d where d.connection_id = t.subject_id and d.generation <= t.latest) d on true
      where t.told > d.most or t.told < d.least`,
  },
  {
    expected: 'a receipt for each turning off that is verified, and none else',
    of: `select count(*) from turning_off`,
    but: `select t.instance_id, t.generation, t.verified_at, r.items_deleted, t.items_deleted as counted from turning_off t
      full join (select * from receipt where scope = 'instance') r
        on r.subject_id = t.instance_id and r.generation = t.generation
      where t.instance_id is null or (t.verified_at is null) <> (r.id is null) or r.items_deleted <> t.items_deleted`,
  },
  {
    expected: 'a receipt for whoever asked to be forgotten',
    of: `select count(*) from intent where kind = 'forget'`,
    but: `select i.* from intent i where i.kind = 'forget' and not exists (select 1 from receipt r
      where r.scope = 'connection' and r.subject_id = i.subject_id and r.generation >= i.generation)`,
  },
  {
    expected: 'each accepted act to be done',
    of: 'select count(*) from intent',
    but: 'select * from intent where done_at is null',
  },
  {
    expected: 'nothing that ties an ended connection to a person, and its token given back',
    of: 'select count(*) from connection where erased_at is not null',
    but: `select c.id, c.status, c.erased_at from connection c
      left join connection_person p on p.connection_id = c.id left join connection_token t on t.connection_id = c.id
      left join token_revocation v on v.connection_id = c.id
      where (c.status = 'ended') <> (c.erased_at is not null)
        or (c.erased_at is null) <> (p.connection_id is not null) or (c.erased_at is null) <> (t.connection_id is not null)
        or (c.erased_at is null) <> (v.connection_id is null)`,
  },
  {
    expected: 'one message for each step that somebody is told of',
    of: 'select count(*) from outbox',
    but: `select a.subject_id, a.action, a.operation_id from audit a where not exists (select 1 from outbox o
        where o.subject_id = a.subject_id and o.created_at = a.at and (
          (a.action in ${TOLD_OF_CONNECTION} and o.dedupe_key = a.subject_id || '/' || a.operation_id)
          or (a.action in ${TOLD_OF_REQUEST} and starts_with(o.dedupe_key, a.subject_id || '/' || a.operation_id || '/'))))
      and (a.action in ${TOLD_OF_CONNECTION} or a.action in ${TOLD_OF_REQUEST})
      union all
      select t.instance_id, t.cause, t.generation::text from turning_off t where not exists (select 1 from outbox o
        where o.dedupe_key = 'turning-off/' || t.instance_id || '/' || t.generation and o.created_at = t.asked_at)`,
  },
  {
    expected: 'a step behind each message',
    of: 'select count(*) from outbox',
    but: `select o.* from outbox o where
      (o.subject_kind = 'connection' and not exists (select 1 from audit a where a.subject_id = o.subject_id
        and o.dedupe_key = a.subject_id || '/' || a.operation_id))
      or (o.subject_kind = 'request' and not exists (select 1 from audit a where a.subject_id = o.subject_id
        and o.dedupe_key = a.subject_id || '/' || a.operation_id || '/' || o.event))`,
  },
  {
    expected: 'every run to have ended, and to say how',
    of: 'select count(*) from sync_run',
    but: `select r.id, r.started_at, s.instance_id, s.outcome from sync_run r
      left join sync_instance_run s on s.run_id = r.id
      where r.finished_at is null or (s.run_id is not null and s.outcome is null)`,
  },
];

export async function checkRows({ setting: { pool } }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  for (const { expected, of, but } of ROW_CHECKS) {
    const counted = await pool.query<{ many: number }>(`select (${of})::int as many`);
    const { rows } = await pool.query<Record<string, unknown>>(but);
    outcome.checked += Math.max(1, counted.rows[0]!.many);
    outcome.violations.push(...rows.map((facts) => ({ expected, facts })));
  }
  return outcome;
}
