import type { AuditSeal } from '../ports/audit-seal.ts';
import type { Client, Queryable } from './pool.ts';

const utc = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Every column but the hash itself, each as a text that is the same on every server. */
export const RECORD_FIELDS: Readonly<Record<string, string>> = {
  id: 'id::text',
  subject_kind: 'subject_kind',
  subject_id: 'subject_id::text',
  instance_id: 'instance_id::text',
  version: 'version::text',
  action: 'action',
  actor: 'actor',
  at: utc('at'),
  operation_id: 'operation_id',
  // jsonb has one order of keys and one way to write a number.
  detail: 'detail::text',
  recorded_at: utc('recorded_at'),
  xact: 'xact::text',
};
export const CONTENT = `array[${Object.values(RECORD_FIELDS).join(', ')}] as content`;

/** What stands before the first record. */
export const GENESIS = Buffer.alloc(32);

/** What is sealed: place and key are part of it, so that no record stands for another one. */
export function sealedText(seq: number, keyId: string, content: readonly (string | null)[]): string {
  return JSON.stringify([1, seq, keyId, ...content]);
}

export interface SealedHead {
  seq: number;
  hash: Buffer;
  keyId: string;
}

export async function sealedHead(db: Queryable): Promise<SealedHead | undefined> {
  const { rows } = await db.query<SealedHead>(
    `select sealed_seq as seq, hash, seal_key_id as "keyId" from audit where sealed_seq is not null
     order by sealed_seq desc limit 1`,
  );
  return rows[0];
}

/**
 * Chains the next committed records, in the order of the transactions that wrote them. Only those below the snapshot's
 * `xmin` are taken: every transaction below it has ended, so none of them can still bring a record that belongs before.
 * One that is visible and not below `xmax` was written on another server, before this one was restored from a dump.
 *
 * Callers hold the sealer's lock. @returns how many were sealed
 */
export async function sealNext(tx: Client, seal: AuditSeal, limit: number): Promise<number> {
  const head = await sealedHead(tx);
  const { rows } = await tx.query<{ id: number; content: (string | null)[] }>(
    `select id, ${CONTENT} from audit
     where sealed_seq is null
       and (xact < pg_snapshot_xmin(pg_current_snapshot()) or xact >= pg_snapshot_xmax(pg_current_snapshot()))
     order by xact, audit.id limit $1`,
    [limit],
  );
  if (rows.length === 0) return 0;
  let [seq, previous] = [head?.seq ?? 0, head?.hash ?? GENESIS];
  const sealed = rows.map(({ id, content }) => {
    seq += 1;
    previous = seal.hash(seal.keyId, previous, sealedText(seq, seal.keyId, content))!;
    return { id, seq, hash: previous };
  });
  await tx.query(
    `update audit set sealed_seq = s.seq, hash = s.hash, seal_key_id = $4
     from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as s (id, seq, hash) where audit.id = s.id`,
    [sealed.map((one) => one.id), sealed.map((one) => one.seq), sealed.map((one) => one.hash), seal.keyId],
  );
  return sealed.length;
}

/** How long the oldest record waits for its seal, by PostgreSQL's clock; undefined where none does. */
export async function unsealedSeconds(db: Queryable): Promise<number | undefined> {
  const { rows } = await db.query<{ seconds: number }>(
    `select extract(epoch from clock_timestamp() - recorded_at)::float8 as seconds from audit
     where sealed_seq is null order by xact, id limit 1`,
  );
  return rows[0]?.seconds;
}

/** As it is exported: whoever has kept it can prove that nothing up to it was changed since. */
export interface ExportedHead {
  seq: number;
  hash: string;
  keyId: string;
  /** How many records are sealed. */
  count: number;
  at: string;
}

/** The head, where its last export is older than `every`. */
export async function headToExport(db: Queryable, now: Date, everyMs: number): Promise<ExportedHead | undefined> {
  const recent = await db.query('select 1 from audit_export where exported_at > $1', [
    new Date(now.getTime() - everyMs),
  ]);
  if (recent.rowCount) return undefined;
  const head = await sealedHead(db);
  if (!head) return undefined;
  const { rows } = await db.query<{ count: number }>('select count(*) as count from audit where sealed_seq <= $1', [
    head.seq,
  ]);
  return {
    seq: head.seq,
    hash: head.hash.toString('hex'),
    keyId: head.keyId,
    count: rows[0]!.count,
    at: now.toISOString(),
  };
}

export async function markExported(db: Queryable, now: Date): Promise<void> {
  await db.query(
    `insert into audit_export (exported_at) values ($1) on conflict (only_row) do update set exported_at = $1`,
    [now],
  );
}

/** What no hash covers yet. */
export async function countUnsealed(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>('select count(*) as count from audit where sealed_seq is null');
  return rows[0]!.count;
}
