import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import * as requests from '../db/access-requests.ts';
import * as connections from '../db/connections.ts';
import { removeOutdated } from '../db/housekeeping.ts';
import * as intents from '../db/intents.ts';
import { overdueConnections } from '../db/overdue.ts';
import * as sightings from '../db/sightings.ts';
import type { Pool } from '../db/pool.ts';
import { accessRequestStart, connectionStart, deliverIntent, wakeConnection } from '../temporal/deliver.ts';
import { revokeTokens, type RevocationDeps } from './revocations.ts';

export interface SweeperDeps extends RevocationDeps {
  pool: Pool;
  client: Client;
  config: Config;
  log: Logger;
  clock: () => Date;
}

/** How many a sweep wakes at the most, so that a backlog never floods Temporal. */
const BATCH = 100;

type Sweep = (deps: SweeperDeps) => Promise<void>;

/** Accepted acts that no workflow has taken up: Temporal was down, or the process died after its commit. */
const deliverIntents: Sweep = async ({ pool, client, config }) => {
  for (const intent of await intents.undeliveredIntents(pool, BATCH)) {
    await deliverIntent(client, intent, config.TASK_QUEUE_PEOPLE);
    await intents.markDelivered(pool, [intent.operationId]);
  }
};

/** Connections and access requests whose row is there and whose workflow is not. */
const startOrphans: Sweep = async ({ pool, client, config }) => {
  for (const id of await connections.orphanedConnections(pool, BATCH)) {
    await client.workflow.start('connection', connectionStart(id, config.TASK_QUEUE_PEOPLE)).catch(unlessStarted);
  }
  for (const orphan of await requests.orphanedRequests(pool, BATCH)) {
    await client.workflow.start('accessRequest', accessRequestStart(config, orphan)).catch(unlessStarted);
  }
};

function unlessStarted(error: Error): void {
  if (error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
}

/** Wakes the connections whose observed cause has outlived its grace; the workflow looks again and decides. */
const wakeOutlived: Sweep = async ({ pool, client, config, clock }) => {
  const grace = { tokenMs: config.GRACE_TOKEN, observedMs: config.GRACE_OBSERVED, sightings: config.GRACE_SIGHTINGS };
  for (const id of await sightings.takeOutlived(pool, grace, clock().toISOString(), BATCH)) {
    await wakeConnection(client, id, config.TASK_QUEUE_PEOPLE);
  }
};

/** Ends what nobody ended in time. */
const wakeOverdue: Sweep = async ({ pool, client, config, clock }) => {
  for (const id of await overdueConnections(pool, clock().toISOString(), BATCH)) {
    await wakeConnection(client, id, config.TASK_QUEUE_PEOPLE);
  }
};

const tidy: Sweep = ({ pool, clock }) => removeOutdated(pool, clock().toISOString());

const SWEEPS: { name: string; lock: number; sweep: Sweep }[] = [
  { name: 'intents', lock: 1, sweep: deliverIntents },
  { name: 'orphans', lock: 2, sweep: startOrphans },
  { name: 'graces', lock: 3, sweep: wakeOutlived },
  { name: 'revocations', lock: 4, sweep: revokeTokens },
  { name: 'outdated', lock: 5, sweep: tidy },
  { name: 'overdue', lock: 6, sweep: wakeOverdue },
];

/** One worker at a time sweeps; one that fails is logged and goes on the next time. */
async function sweepOnce(deps: SweeperDeps, one: (typeof SWEEPS)[number]): Promise<void> {
  const client = await deps.pool.connect();
  try {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock(7261, $1) as held', [one.lock]);
    if (!rows[0]!.held) return;
    try {
      await one.sweep(deps);
    } finally {
      await client.query('select pg_advisory_unlock(7261, $1)', [one.lock]);
    }
  } finally {
    client.release();
  }
}

/** Starts the loops. @returns a function that stops them and waits for the sweep under way */
export function startSweepers(deps: SweeperDeps): () => Promise<void> {
  const stop = new AbortController();
  const loops = SWEEPS.map(async (one) => {
    while (!stop.signal.aborted) {
      await sweepOnce(deps, one).catch((error: Error) =>
        deps.log.error({ sweep: one.name, error: error.message }, 'a sweep failed'),
      );
      // Aborted while it waits, it has nothing more to do.
      await delay(deps.config.SWEEP_EVERY, undefined, { signal: stop.signal }).catch(() => {});
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(loops);
  };
}
