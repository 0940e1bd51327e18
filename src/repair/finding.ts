import type { Client } from '@temporalio/client';
import type { RepairConfig } from '../config.ts';
import type { Pool } from '../db/pool.ts';

export type { Finding } from '../domain/poison.ts';

/** What looks at both stores at once. */
export interface RepairDeps {
  pool: Pool;
  client: Client;
  config: RepairConfig;
  /** Business time. */
  clock: () => Date;
}

/** When something counts as wrong. */
export interface Limits {
  /** A step that was tried so often without success does not go on by itself. */
  attempts: number;
  /** A row that was written within this time, in milliseconds, may still be followed by its workflow. */
  settleMs: number;
}
