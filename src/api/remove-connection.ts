import { acceptRemoval } from '../db/connection-steps.ts';
import { dropAnswersAbout } from '../db/idempotency.ts';
import { inTransaction } from '../db/pool.ts';
import { forgetIdentity } from '../db/sessions.ts';
import { deliverSoon } from './deliver.ts';
import type { Deps } from './deps.ts';
import type { Person } from './identity.ts';
import { developerOf } from './their-connection.ts';

export interface RemovalAsked {
  connectionId: string;
  kind: 'opt_out' | 'forget';
  operationId: string;
  at: Date;
  by: Person;
}

/** Fence, audit record and intent in one transaction; needs neither the instance nor Temporal. @throws DomainError not_found */
export async function removeConnection(deps: Deps, asked: RemovalAsked): Promise<void> {
  const { connectionId, kind, operationId, by } = asked;
  const accepted = await inTransaction(deps.pool, async (tx) => {
    if (kind === 'forget') await forgetIdentity(tx, by);
    return acceptRemoval(tx, {
      connectionId,
      kind,
      operationId,
      actor: developerOf(connectionId),
      asOf: asked.at.toISOString(),
      restoreWindowMs: deps.config.RESTORE_WINDOW,
    });
  });
  // Kept answers name the connection beside its developer's token; of this act, its own stays for a day.
  if (kind === 'forget') await dropAnswersAbout(deps.pool, by.id, connectionId);
  deliverSoon(deps, { kind, subjectId: connectionId, ...accepted });
}
