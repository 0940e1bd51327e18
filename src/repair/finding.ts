import type { Client } from '@temporalio/client';
import type { RepairConfig } from '../config.ts';
import type { Pool } from '../db/pool.ts';
import type { Poison, SubjectKind } from '../domain/poison.ts';

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

export interface Finding {
  poison: Poison;
  subject: { kind: SubjectKind; id: string };
  workflowId: string | null;
  /** Ids, states, numbers: nothing of a person. */
  facts: Record<string, string | number | null>;
}
