import { ApplicationFailure } from '@temporalio/common';
import { DomainError } from '../domain/errors.ts';

/**
 * A refusal by the rules is final: non-retryable, its code as `type`. Anything else stays as it is and is tried again.
 * Messages of other errors are replaced: they could quote a row or an answer into the history.
 */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) {
      throw ApplicationFailure.create({
        type: error.code,
        message: error.message,
        nonRetryable: true,
        details: [{ retryAt: error.retryAt, ...error.facts }],
        category: 'BENIGN',
      });
    }
    if (error instanceof ApplicationFailure) throw error;
    if (nameOf(error) === HELD) throw ApplicationFailure.create({ type: 'internal', message: HELD_MESSAGE });
    throw ApplicationFailure.create({
      type: 'internal',
      message: `A step failed (${nameOf(error)}); it is tried again.`,
    });
  }
}

/** What the ledger's own trigger says (src/db/migrations/0002_ledger.sql). */
const HELD = 'UCR01';
const HELD_MESSAGE =
  'The database was restored from a backup: no count is written before "deletions reapply" is through.';

function nameOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[\w-]+$/.test(code) ? code : error instanceof Error ? error.name : 'unknown';
}
