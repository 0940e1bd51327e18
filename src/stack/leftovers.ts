import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { identify, isRunning, signalProcess } from './process-identity.ts';
import type { Log } from './problem.ts';

const pidFile = z.object({
  name: z.string(),
  pid: z.int().min(2),
  startedAt: z.string().min(1),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
});

export type StopSignal = z.infer<typeof pidFile>['stopSignal'];

/** Notes a child, so that the next start finds it should this process be killed; returns how to forget it. */
export function noteChild(dataDir: string, name: string, pid: number, stopSignal: StopSignal): () => void {
  const identity = identify(pid);
  if (!identity) return () => undefined;
  const folder = join(dataDir, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ name, stopSignal, ...identity }), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** Stops what a killed launcher left running, found by pid **and** start time; a stranger is never touched. */
export async function reclaimLeftovers(dataDir: string, log: Log, limitMs = 10_000): Promise<void> {
  const folder = join(dataDir, 'run');
  if (!statSync(folder, { throwIfNoEntry: false })) return;
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  await Promise.all(files.map((file) => reclaim(join(folder, file), log, limitMs)));
}

async function reclaim(file: string, log: Log, limitMs: number): Promise<void> {
  const leftover = readPidFile(file);
  if (leftover && signalProcess(leftover, leftover.stopSignal)) {
    log(`Stopping ${leftover.name} (pid ${leftover.pid}), which an earlier start left behind.`);
    const deadline = Date.now() + limitMs;
    while (isRunning(leftover) && Date.now() < deadline) await delay(25);
    signalProcess(leftover, 'SIGKILL');
  }
  rmSync(file, { force: true });
}

function readPidFile(file: string): z.infer<typeof pidFile> | undefined {
  try {
    return pidFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
