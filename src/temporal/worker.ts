import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities, type ActivityDeps, type ActivitySettings } from '../activities/index.ts';
import type { Config } from '../config.ts';
import * as db from '../db/index.ts';
import { digestOf } from '../db/ledger.ts';
import type { Pool } from '../db/pool.ts';
import type { SourceKind } from '../domain/source-label.ts';
import type { Authority } from '../ports/authority.ts';
import type { Source } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

export interface WorkerParts {
  config: Config;
  client: Client;
  pool: Pool;
  sources: Record<SourceKind, Source>;
  authority: Authority;
  cipher: TokenCipher;
}

export function settingsOf(config: Config): ActivitySettings {
  return {
    restoreWindowMs: config.RESTORE_WINDOW,
    publicCacheMs: config.PUBLIC_CACHE,
    syncConcurrency: config.SYNC_CONCURRENCY,
    graceTokenMs: config.GRACE_TOKEN,
    graceObservedMs: config.GRACE_OBSERVED,
    graceSightings: config.GRACE_SIGHTINGS,
    connectGraceMs: config.CONNECT_GRACE,
    connectLooks: config.CONNECT_LOOKS,
  };
}

export function activityDeps(parts: WorkerParts): ActivityDeps {
  const { config, pool, sources, authority, cipher } = parts;
  return {
    pool,
    db,
    sources,
    authority,
    cipher,
    settings: settingsOf(config),
    digestOf,
    newId: randomUUID,
  };
}

export interface RunningWorkers {
  /** Rejects when a worker fails; resolves after `stop`. */
  done: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Polls both task queues in this process, each with its own slots, so that a person's act never waits behind pages.
 * @param bundlePath the prebuilt workflow bundle
 */
export async function startWorkers(
  parts: WorkerParts,
  temporal: { connection: NativeConnection; namespace: string; bundlePath: string; maxCachedWorkflows?: number },
): Promise<RunningWorkers> {
  const activities = createActivities(activityDeps(parts));
  const common = {
    connection: temporal.connection,
    namespace: temporal.namespace,
    workflowBundle: { codePath: temporal.bundlePath },
    activities,
    // Longer than a page takes to notice that it is cancelled, so that a stopped worker leaves nothing half said.
    shutdownGraceTime: '10s',
    ...(temporal.maxCachedWorkflows !== undefined && { maxCachedWorkflows: temporal.maxCachedWorkflows }),
  } as const;
  const { TASK_QUEUE_PEOPLE, TASK_QUEUE_SYNC, SYNC_BUCKETS } = parts.config;
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: TASK_QUEUE_PEOPLE, maxConcurrentActivityTaskExecutions: 50 }),
    Worker.create({
      ...common,
      taskQueue: TASK_QUEUE_SYNC,
      maxConcurrentActivityTaskExecutions: Math.max(4, SYNC_BUCKETS * 2),
    }),
  ]);
  const runs = workers.map((worker) => worker.run());
  return {
    done: Promise.all(runs).then(() => undefined),
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(runs);
    },
  };
}
