import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import * as requests from '../db/access-requests.ts';
import * as connections from '../db/connections.ts';
import { untoldRequests } from '../db/forget-request.ts';
import { removeOutdated } from '../db/housekeeping.ts';
import * as intents from '../db/intents.ts';
import * as overdue from '../db/overdue.ts';
import * as sightings from '../db/sightings.ts';
import type { Pool } from '../db/pool.ts';
import {
  connectionStart,
  deliverIntent,
  startOrphan,
  tellStanding,
  unlessStarted,
  wakeConnection,
} from '../temporal/deliver.ts';
import { giveBackHeldTokens, type HeldTokenDeps } from './held-tokens.ts';
import { sealAudit, type SealerDeps } from './audit-sealer.ts';
import { createLocks, type SweepLocks } from './locks.ts';
import { revokeTokens } from './revocations.ts';
import { whileStarted } from './while-started.ts';

export interface SweeperDeps extends HeldTokenDeps, SealerDeps {
  pool: Pool;
  client: Client;
  config: Config;
  log: Logger;
  clock: () => Date;
}

/** How many a sweep wakes at the most, so that a backlog never floods Temporal. */
const BATCH = 100;

interface SweepRun extends SweeperDeps {
  sweep: string;
  stop: AbortSignal;
}

type Sweep = (run: SweepRun) => Promise<void>;

/** One after the other. One that fails is logged and tried again by a later sweep; those after it have their turn. */
async function each<Item>(
  { log, sweep, stop }: SweepRun,
  items: Item[],
  idOf: (item: Item) => string,
  handle: (item: Item) => Promise<unknown>,
): Promise<void> {
  for (const item of items) {
    if (stop.aborted) return;
    await handle(item).catch((error: Error) => {
      if (!stop.aborted) log.error({ sweep, id: idOf(item), error: error.message }, 'one of a sweep failed');
    });
  }
}

function wakeEach(run: SweepRun, ids: string[]): Promise<void> {
  const { client, config } = run;
  return each(
    run,
    ids,
    (id) => id,
    (id) => wakeConnection(client, id, config.TASK_QUEUE_PEOPLE),
  );
}

/** Accepted acts that no workflow has taken up: Temporal was down, or the process died after its commit. */
const deliverIntents: Sweep = async (run) => {
  const { pool, client, config } = run;
  const undelivered = await intents.undeliveredIntents(pool, BATCH);
  await each(
    run,
    undelivered,
    (intent) => intent.operationId,
    async (intent) => {
      await deliverIntent(client, intent, config.TASK_QUEUE_PEOPLE);
      await intents.markDelivered(pool, [intent.operationId]);
    },
  );
};

/** Connections and access requests whose row is there and whose workflow is not, or knows less than the row. */
const startOrphans: Sweep = async (run) => {
  const { pool, client, config } = run;
  const start = (id: string) => client.workflow.start('connection', connectionStart(id, config.TASK_QUEUE_PEOPLE));
  await each(
    run,
    await connections.orphanedConnections(pool, BATCH),
    (id) => id,
    (id) => start(id).catch(unlessStarted),
  );
  await each(
    run,
    await requests.orphanedRequests(pool, BATCH),
    (orphan) => orphan.requestId,
    async (orphan) => {
      await startOrphan(client, config, orphan).catch(unlessStarted);
      await requests.markLookedAt(pool, orphan.requestId);
    },
  );
};

/** Tells the workflows of requests whose requester was forgotten that they are over. */
const tellForgotten: Sweep = async (run) => {
  const { pool, client } = run;
  await each(
    run,
    await untoldRequests(pool, BATCH),
    (id) => id,
    async (id) => {
      const standing = await requests.standingIn(pool, id);
      if (standing) await tellStanding(client, id, standing);
      await requests.markLookedAt(pool, id);
    },
  );
};

/** Wakes the connections whose observed cause has outlived its grace; the workflow looks again and decides. */
const wakeOutlived: Sweep = async (run) => {
  const { pool, config, clock } = run;
  const grace = { tokenMs: config.GRACE_TOKEN, observedMs: config.GRACE_OBSERVED, sightings: config.GRACE_SIGHTINGS };
  await wakeEach(run, await sightings.takeOutlived(pool, grace, clock().toISOString(), BATCH));
};

/** Ends what nobody ended in time. */
const wakeOverdue: Sweep = async (run) =>
  wakeEach(run, await overdue.takeOverdue(run.pool, run.clock().toISOString(), BATCH));

/** Goes on with what stopped in the midst of a removal or a restore. */
const wakeStuck: Sweep = async (run) =>
  wakeEach(run, await overdue.takeStuck(run.pool, run.clock().toISOString(), BATCH));

const revoke: Sweep = (run) => revokeTokens(run, run.stop);

const giveBack: Sweep = (run) => giveBackHeldTokens(run, run.stop);

const seal: Sweep = (run) => sealAudit(run, run.stop);

const tidy: Sweep = ({ pool, clock }) => removeOutdated(pool, clock().toISOString());

const SWEEPS: { name: string; lock: number; sweep: Sweep }[] = [
  { name: 'intents', lock: 1, sweep: deliverIntents },
  { name: 'orphans', lock: 2, sweep: startOrphans },
  { name: 'graces', lock: 3, sweep: wakeOutlived },
  { name: 'revocations', lock: 4, sweep: revoke },
  { name: 'outdated', lock: 5, sweep: tidy },
  { name: 'overdue', lock: 6, sweep: wakeOverdue },
  { name: 'stuck', lock: 7, sweep: wakeStuck },
  { name: 'forgotten', lock: 11, sweep: tellForgotten },
  { name: 'held tokens', lock: 9, sweep: giveBack },
  { name: 'audit', lock: 10, sweep: seal },
];

/** One worker at a time sweeps; one that fails is logged and goes on the next time. */
function sweepOnce(deps: SweeperDeps, locks: SweepLocks, one: (typeof SWEEPS)[number], stop: AbortSignal) {
  return locks.alone(one.lock, () =>
    // What is asked of Temporal is cut at the stop.
    whileStarted(stop, (own) => deps.client.withAbortSignal(own, () => one.sweep({ ...deps, sweep: one.name, stop }))),
  );
}

/** Starts the loops. @returns a function that stops them and waits for the sweep under way */
export function startSweepers(deps: SweeperDeps): () => Promise<void> {
  const stop = new AbortController();
  const locks = createLocks(deps.pool);
  // Each loop listens to it while it sweeps or waits: more than Node.js takes for sound.
  setMaxListeners(SWEEPS.length * 2, stop.signal);
  const loops = SWEEPS.map(async (one) => {
    while (!stop.signal.aborted) {
      await sweepOnce(deps, locks, one, stop.signal).catch((error: Error) =>
        deps.log.error({ sweep: one.name, error: error.message }, 'a sweep failed'),
      );
      // Aborted while it waits, it has nothing more to do.
      await delay(deps.config.SWEEP_EVERY, undefined, { signal: stop.signal }).catch(() => {});
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(loops);
    await locks.close();
  };
}
