import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reclaimLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { type Log, StackProblem, unreadable } from './problem.ts';

const MARK = '.unified-contributions';
const LOCK = 'launcher.lock';

/**
 * Makes the folder ours for as long as this process runs: marked, locked, and free of what a killed launcher left running.
 * With `fresh` everything in it is erased first. Returns how to give it up.
 */
export async function openDataFolder(dataDir: string, fresh: boolean, log: Log): Promise<() => void> {
  let release: () => void;
  try {
    mark(dataDir);
    release = lock(dataDir);
  } catch (error) {
    throw error instanceof StackProblem ? error : unreadable(dataDir, error);
  }
  try {
    await reclaimLeftovers(dataDir, log);
    if (fresh) erase(dataDir);
    return release;
  } catch (error) {
    release();
    throw error instanceof StackProblem ? error : unreadable(dataDir, error);
  }
}

// Only a folder that was empty or marked before is ever written to or erased.
function mark(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (existsSync(join(dataDir, MARK))) return;
  if (readdirSync(dataDir).length > 0) {
    throw new StackProblem(`${dataDir} holds files of something else: name an empty or a new folder in DATA_DIR.`);
  }
  writeFileSync(join(dataDir, MARK), 'The data of Unified Contributions. "npm start -- --fresh" erases this folder.\n');
}

function lock(dataDir: string): () => void {
  const taken = takeLock(join(dataDir, LOCK));
  if (taken.held) return () => taken.release();
  throw new StackProblem(
    `Process ${taken.holder.pid} already runs on ${dataDir}: stop it first, or set DATA_DIR and PORT to others for a second one beside it.`,
  );
}

function erase(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (name !== MARK && name !== LOCK) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}
