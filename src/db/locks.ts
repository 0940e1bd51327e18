import type { Client } from './pool.ts';

// Every count write takes its instance's lock shared; only the gate takes it exclusive. A lock and a check in one
// statement would see the state from before the wait, so callers check in a later statement.

export async function lockInstanceShared(tx: Client, instanceId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock_shared(hashtextextended($1, 1))`, [instanceId]);
}

export async function lockInstanceExclusive(tx: Client, instanceId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 1))`, [instanceId]);
}
