import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reclaimLeftovers } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { type Log, StackProblem, unreadable } from './problem.ts';
import { write } from './remembered.ts';

const MARK = '.unified-contributions';
const LOCK = 'launcher.lock';
const ADDRESSES = 'addresses.json';

/** Leaves the addresses of a stack that is ready in its data folder, for its owner's programs alone. */
export function announce(dataDir: string, addresses: object): void {
  write(join(dataDir, ADDRESSES), addresses);
}

export function withdraw(dataDir: string): void {
  rmSync(join(dataDir, ADDRESSES), { force: true });
}

function isReady(dataDir: string): boolean {
  return existsSync(join(dataDir, ADDRESSES));
}

/**
 * Makes the folder ours for as long as this process runs: marked, locked, and free of what a killed launcher left running.
 * With `fresh` everything in it is erased first. Returns how to give it up.
 */
export async function openDataFolder(dataDir: string, fresh: boolean, log: Log): Promise<() => void> {
  let release: () => void;
  try {
    mark(dataDir);
    release = await lock(dataDir);
  } catch (error) {
    throw error instanceof StackProblem ? error : unreadable(dataDir, error);
  }
  try {
    withdraw(dataDir);
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

// One that is not ready is on its way up or down: npm ends at a SIGTERM before what it started has.
async function lock(dataDir: string): Promise<() => void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const taken = takeLock(join(dataDir, LOCK));
    if (taken.held) return () => taken.release();
    if (isReady(dataDir) || Date.now() > deadline) {
      throw new StackProblem(
        `Process ${taken.holder.pid} already runs on ${dataDir}: stop it first, or set DATA_DIR and PORT to others for a second one beside it.`,
      );
    }
    await delay(50);
  }
}

function erase(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    if (name !== MARK && name !== LOCK) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}
