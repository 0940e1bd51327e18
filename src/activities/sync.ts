import { bucketsOf } from '../domain/buckets.ts';
import { isInstanceFault } from '../domain/observed.ts';
import type { InstanceRow } from '../db/instances.ts';
import type { Queryable } from '../db/pool.ts';
import type { InstanceRun } from '../db/sightings.ts';
import type { Outcome } from '../db/sync-runs.ts';
import type { ActivityDeps } from './deps.ts';
import { guarded } from './failures.ts';
import { createPageActivities } from './sync-pages.ts';

export function createSyncActivities(deps: ActivityDeps) {
  const { pool, db } = deps;

  return {
    async beginRun(input: {
      runId: string;
      scheduledAt: string;
      startedAt: string;
      trigger: string;
      instanceIds?: string[];
    }): Promise<string[]> {
      return guarded(async () => {
        await db.runs.beginRun(pool, input);
        const ids = await db.runs.instancesToSync(pool);
        return input.instanceIds ? ids.filter((id) => input.instanceIds!.includes(id)) : ids;
      });
    },

    async finishRun(input: { runId: string; at: string }): Promise<void> {
      await guarded(() => db.runs.finishRun(pool, input.runId, input.at));
    },

    /** The instance's child of the last hour is still running: only this instance is skipped, and it says so. */
    async skipInstance(input: { runId: string; instanceId: string; at: string }): Promise<void> {
      await guarded(() => db.runs.finishInstanceRun(pool, { ...input, outcome: 'skipped', rest: [] }));
    },

    /** Shuts what earlier runs left open, looks at GitHub Connect, and says where each bucket starts. */
    async beginInstance(input: {
      runId: string;
      instanceId: string;
      startedAt: string;
      buckets: number;
    }): Promise<{ open: boolean; cursors: string[] }> {
      return guarded(async () => {
        const { rest } = await db.runs.beginInstanceRun(pool, input.runId, input.instanceId, input.startedAt);
        const instance = await db.instances.loadInstance(pool, input.instanceId);
        const open = instance !== undefined && (await lookAtConnect(deps, instance, input.startedAt, input.runId));
        const fitting = rest.length === input.buckets ? rest : bucketsOf(input.buckets).map((bucket) => bucket.from);
        return { open, cursors: fitting };
      });
    },

    async finishInstance(input: {
      runId: string;
      instanceId: string;
      at: string;
      outcome: Outcome;
      rest: string[];
    }): Promise<void> {
      // Together: a finished run is one that was judged.
      await guarded(() =>
        db.inTransaction(pool, async (tx) => {
          await db.runs.finishInstanceRun(tx, input);
          await judgeInstance(tx, deps, input, input.at);
        }),
      );
    },

    ...createPageActivities(deps),
  };
}

/** The hourly look at GitHub Connect. An enterprise's is read with its owner's credential, an organization's is recorded. */
async function lookAtConnect(deps: ActivityDeps, instance: InstanceRow, at: string, runId: string): Promise<boolean> {
  const { pool, db, settings } = deps;
  let connected = instance.connect !== 'disconnected';
  if (instance.account.kind === 'enterprise' && instance.account.credential) {
    const { ciphertext, keyId } = instance.account.credential;
    const credential = deps.cipher.open(ciphertext, keyId, instance.account.id);
    if (credential === undefined) return instance.sharing.status === 'on';
    const answer = await deps.authority.isConnected(instance.account, credential, instance.hostname);
    // Who cannot be asked is not gone: nothing is paused because GitHub.com was down.
    if (!answer.known) return instance.sharing.status === 'on';
    connected = answer.value;
    await db.instances.recordConnect(pool, instance.id, connected, at);
  }
  const outcome = await db.inTransaction(pool, (tx) =>
    db.sharing.applySharing(tx, instance.id, {
      command: { type: 'look', connected, at },
      actor: 'system',
      at,
      operationId: `look/${runId}`,
      settings: { connectGraceMs: settings.connectGraceMs, connectLooks: settings.connectLooks },
    }),
  );
  return outcome.sharing.status === 'on';
}

/** Many connections that turn in one run are the instance's fault: nothing is deleted, the operator is told. */
async function judgeInstance(tx: Queryable, deps: ActivityDeps, run: InstanceRun, at: string): Promise<void> {
  const { turned, connections, startedAt } = await deps.db.sightings.turnedInRun(tx, run);
  if (isInstanceFault(turned, connections)) await deps.db.sightings.dismiss(tx, run.instanceId, startedAt, at);
}

export type SyncActivities = ReturnType<typeof createSyncActivities>;
