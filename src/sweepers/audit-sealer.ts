import { appendFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { headToExport, markExported, sealNext } from '../db/audit-seal.ts';
import { inTransaction, type Pool } from '../db/pool.ts';
import type { AuditSeal } from '../ports/audit-seal.ts';

export interface SealerDeps {
  pool: Pool;
  log: Logger;
  clock: () => Date;
  audit: {
    seal: AuditSeal;
    /** Where each head is added as a line; the log has it in any case. */
    anchorFile?: string | undefined;
  };
}

const BATCH = 500;
/** Others' turn comes, and a stop is heard. */
const BATCHES = 40;
const EXPORT_EVERY_MS = 3_600_000;

/** Seals what has been committed, and exports the head each hour. Callers hold the sealer's lock. */
export async function sealAudit({ pool, log, clock, audit }: SealerDeps, stop?: AbortSignal): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const sealed = await inTransaction(pool, (tx) => sealNext(tx, audit.seal, BATCH));
    if (sealed < BATCH || stop?.aborted) break;
  }
  const now = clock();
  const head = await headToExport(pool, now, EXPORT_EVERY_MS);
  if (!head) return;
  // Told first: killed before it is marked, the same head is told twice.
  log.info({ auditHead: head }, 'head of the audit records');
  if (audit.anchorFile !== undefined) {
    await appendFile(audit.anchorFile, `${JSON.stringify(head)}\n`, { mode: 0o600, flush: true });
  }
  await markExported(pool, now);
}
