import type { AuditSeal } from '../ports/audit-seal.ts';
import { CONTENT, GENESIS, sealedText, type SealedHead } from './audit-seal.ts';
import type { Queryable } from './pool.ts';

/** A head that was exported, as far as it proves something. */
export interface Anchor {
  seq: number;
  hash: string;
}

export type AuditFault =
  | { kind: 'missing' | 'moved' | 'altered' | 'anchor_differs'; seq: number }
  | { kind: 'unknown_key'; seq: number; keyId: string }
  /** Of the anchor that goes furthest. */
  | { kind: 'cut_off'; seq: number; anchorSeq: number };

export type Verified = { head: SealedHead | undefined; fault?: AuditFault };

interface SealedRow extends SealedHead {
  content: (string | null)[];
}

const PAGE = 1000;

/** Walks the chain from its beginning, page by page. @returns the first fault, and how far all was well before it */
export async function verifyAudit(
  db: Queryable,
  seal: AuditSeal,
  anchors: readonly Anchor[],
  pageSize = PAGE,
): Promise<Verified> {
  const anchored = new Map(anchors.map((one) => [one.seq, one.hash]));
  let head: SealedHead | undefined;
  for await (const row of sealedRecords(db, pageSize)) {
    const fault = await faultOf(db, seal, head, row, anchored, pageSize);
    if (fault) return { head, fault };
    head = { seq: row.seq, hash: row.hash, keyId: row.keyId };
  }
  const furthest = Math.max(0, ...anchored.keys());
  const last = head?.seq ?? 0;
  if (furthest <= last) return { head };
  return { head, fault: { kind: 'cut_off', seq: last + 1, anchorSeq: furthest } };
}

async function faultOf(
  db: Queryable,
  seal: AuditSeal,
  before: SealedHead | undefined,
  row: SealedRow,
  anchored: ReadonlyMap<number, string>,
  pageSize: number,
): Promise<AuditFault | undefined> {
  const { seq, keyId, content, hash } = row;
  const expected = (before?.seq ?? 0) + 1;
  if (seq !== expected) return { kind: 'missing', seq: expected };
  const computed = seal.hash(keyId, before?.hash ?? GENESIS, sealedText(seq, keyId, content));
  if (!computed) return { kind: 'unknown_key', seq, keyId };
  if (!computed.equals(hash)) return { kind: (await isMoved(db, seal, row, pageSize)) ? 'moved' : 'altered', seq };
  const anchor = anchored.get(seq);
  return anchor === undefined || anchor === hash.toString('hex') ? undefined : { kind: 'anchor_differs', seq };
}

/** Whether the record is whole, and was sealed at another place than the one that it stands at. */
async function isMoved(db: Queryable, seal: AuditSeal, { keyId, content, hash }: SealedRow, pageSize: number) {
  const fits = (previous: Buffer, seq: number) =>
    seal.hash(keyId, previous, sealedText(seq, keyId, content))!.equals(hash);
  if (fits(GENESIS, 1)) return true;
  for await (const { seq, hash: previous } of sealedRecords(db, pageSize)) {
    // After one that stands where it stood, or that changed places with it.
    if (fits(previous, seq + 1) || fits(previous, seq)) return true;
  }
  return false;
}

async function* sealedRecords(db: Queryable, pageSize: number): AsyncGenerator<SealedRow> {
  for (let after = -1; ;) {
    const { rows } = await db.query<SealedRow>(
      `select sealed_seq as seq, hash, seal_key_id as "keyId", ${CONTENT} from audit
       where sealed_seq > $1 order by sealed_seq limit $2`,
      [after, pageSize],
    );
    yield* rows;
    if (rows.length < pageSize) return;
    after = rows.at(-1)!.seq;
  }
}
