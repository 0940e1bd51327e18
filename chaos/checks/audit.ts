import { countUnsealed, sealedHead } from '../../src/db/audit-seal.ts';
import { verifyAudit } from '../../src/db/audit-verify.ts';
import type { Outcome, World } from './check.ts';

/** Audit records are all sealed, whole and in their order, and go on from where they were after every round before. */
export async function checkAudit({ setting: { pool, seal, heads } }: World): Promise<Outcome> {
  const outcome: Outcome = { checked: 0, violations: [] };
  const { head, fault } = await verifyAudit(pool, seal, heads);
  outcome.checked = head?.seq ?? 0;
  if (fault) outcome.violations.push({ expected: 'each audit record to be as it was sealed', facts: fault });
  const unsealed = await countUnsealed(pool);
  if (unsealed > 0) outcome.violations.push({ expected: 'every audit record to be sealed', facts: { unsealed } });
  const now = fault ? undefined : await sealedHead(pool);
  if (now) heads.push({ seq: now.seq, hash: now.hash.toString('hex') });
  return outcome;
}
