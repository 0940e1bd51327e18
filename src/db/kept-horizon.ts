import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../domain/errors.ts';
import { inTransaction, type Pool } from './pool.ts';

/** A place in the order of receipts and one in that of audit records. */
export interface Places {
  receipt: number;
  audit: number;
}

/** Whoever acts waits behind the one that waits for a lock: so long at the most. */
const LOCK_TIMEOUT_MS = 500;
const PAUSE_MS = 1000;
/** A transaction that hangs is cut off after a minute; so often it is tried, for longer than that. */
const TRIES = 80;

/**
 * Up to where receipts and audit records can be exported with none left out, both at one instant: one that took its number
 * earlier may be committed later, so whoever is just writing one is waited for. That takes milliseconds; where it does not,
 * everybody else goes on, and it is tried again.
 * @throws DomainError service_unavailable
 */
export async function keptHorizon(pool: Pool): Promise<Places> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const places = await placesNow(pool);
    if (places) return places;
    await delay(PAUSE_MS);
  }
  throw new DomainError('service_unavailable', 'Somebody holds the receipts or the audit records, and did not let go.');
}

/** PostgreSQL's code for a lock that was not given in time. */
const LOCK_NOT_AVAILABLE = '55P03';

async function placesNow(pool: Pool): Promise<Places | undefined> {
  try {
    return await inTransaction(pool, async (tx) => {
      await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      // In the order in which a verification writes them.
      await tx.query('lock table receipt in share mode');
      const { rows: locked } = await tx.query<{ audit: number }>('select audit_horizon() as audit');
      const { rows } = await tx.query<{ receipt: number }>(
        `select coalesce(pg_sequence_last_value(pg_get_serial_sequence('receipt', 'seq')::regclass), 0) as receipt`,
      );
      return { ...rows[0]!, ...locked[0]! };
    });
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}
