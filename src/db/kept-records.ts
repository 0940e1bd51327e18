import type { Queryable } from './pool.ts';

/** A line of the export that is an audit record, of what must not come back with a backup either. */
interface Kept {
  /** The record's number, which is its place in the order of the export. */
  seq: number;
  subjectId: string;
  at: string;
}

/** An accepted removal. It has a receipt when it is verified, and counts from when it was accepted. */
export interface KeptAct extends Kept {
  act: 'opt_out' | 'forget' | 'move' | 'turn_off';
  generation: number;
  /** As its receipt says it. */
  cause: string;
}

/** What people took back, and has no receipt. */
export const WITHDRAWALS = [
  'profile.made_private',
  'profile.erased',
  'token.revoked',
  'request.notes_erased',
  'request.requester_erased',
  'sharing.instance_side_disabled',
  'sharing.account_side_disabled',
  'sharing.revoked',
] as const;

export interface KeptWithdrawal extends Kept {
  withdrawal: (typeof WITHDRAWALS)[number];
  /** Of sharing alone: the generation that it had and that this did not end. */
  generation: number | null;
}

export type KeptRecord = KeptAct | KeptWithdrawal;

const ACTS: Readonly<Record<string, Pick<KeptAct, 'act' | 'cause'>>> = {
  'connection.opt_out_accepted': { act: 'opt_out', cause: 'opted_out' },
  'connection.forget_accepted': { act: 'forget', cause: 'forgotten' },
  'connection.move_accepted': { act: 'move', cause: 'moved' },
};
/** Besides the withdrawals, of which most end in turning off. */
const CLOSINGS = ['sharing.connect_lost', 'sharing.turning_off_reapplied'];

/** All that is looked for; the index `audit_kept` holds the same. */
export const KEPT_ACTIONS = [...Object.keys(ACTS), ...WITHDRAWALS, ...CLOSINGS];
const KEPT = KEPT_ACTIONS.map((action) => `'${action}'`).join(', ');

interface Row {
  seq: number;
  action: string;
  subject_id: string;
  at: Date;
  detail: { generation?: number; from?: string; to?: string; cause?: string; askedAt?: string };
}

export async function recordsBetween(
  db: Queryable,
  after: number,
  horizon: number,
  limit: number,
): Promise<KeptRecord[]> {
  const { rows } = await db.query<Row>(
    `select id as seq, action, subject_id, at, detail from audit
     where id > $1 and id <= $2 and action in (${KEPT}) order by id limit $3`,
    [after, horizon, limit],
  );
  return rows.map(toKept);
}

function toKept({ seq, action, subject_id: subjectId, at, detail }: Row): KeptRecord {
  const kept = { seq, subjectId, at: detail.askedAt ?? at.toISOString() };
  const act = ACTS[action];
  if (act) return { ...kept, ...act, generation: detail.generation! };
  // A second disable, and a revoke, may come while it turns off already: that ends no generation.
  const closes = detail.to === 'turning_off' && detail.from !== 'turning_off';
  if (closes || CLOSINGS.includes(action)) {
    return { ...kept, act: 'turn_off', generation: detail.generation!, cause: detail.cause ?? action };
  }
  return { ...kept, withdrawal: action as KeptWithdrawal['withdrawal'], generation: detail.generation ?? null };
}

/** Those that the database is not as far as: of what it had accepted before the backup it needs no telling. */
export async function unknownActs(db: Queryable, acts: KeptAct[]): Promise<KeptAct[]> {
  const { rows } = await db.query<{ seq: number }>(
    `select k.seq from unnest($1::bigint[], $2::uuid[], $3::bigint[]) as k (seq, subject_id, generation)
     where exists (select 1 from connection c where c.id = k.subject_id and c.generation < k.generation)
        or exists (select 1 from instance i where i.id = k.subject_id and i.sharing_generation < k.generation)`,
    [acts.map((one) => one.seq), acts.map((one) => one.subjectId), acts.map((one) => one.generation)],
  );
  const unknown = new Set(rows.map((row) => row.seq));
  return acts.filter((one) => unknown.has(one.seq));
}
