import type { Client } from '@temporalio/client';
import type { Intent } from '../db/intents.ts';
import { markDelivered } from '../db/intents.ts';
import { deliverIntent } from '../temporal/deliver.ts';
import type { Deps } from './deps.ts';

const DELIVERED_WITHIN_MS = 5000;

/**
 * Hands an accepted act to its workflow without waiting for it: the answer to its caller is in PostgreSQL already, and
 * what Temporal misses now the worker's sweeper delivers.
 */
export function deliverSoon(
  deps: Deps,
  intent: Pick<Intent, 'kind' | 'subjectId' | 'generation' | 'operationId'>,
): void {
  const { temporal, pool, config, logger } = deps;
  within(temporal, () => deliverIntent(temporal, intent, config.TASK_QUEUE_PEOPLE))
    .then(() => markDelivered(pool, [intent.operationId]))
    .catch((error: Error) =>
      logger.warn({ kind: intent.kind, error: error.name }, 'an accepted act waits for the sweeper'),
    );
}

/** Bounds a call to Temporal. */
export function within<T>(temporal: Client, call: () => Promise<T>, ms = DELIVERED_WITHIN_MS): Promise<T> {
  return temporal.connection.withDeadline(Date.now() + ms, call);
}
