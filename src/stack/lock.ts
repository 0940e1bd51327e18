import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errorCode } from './problem.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

export type Lock = { held: true; release(): void } | { held: false; holder: ProcessIdentity };

const holder = z.object({ pid: z.int(), startedAt: z.string() });

/** Takes the lock unless a live process has it; one whose holder died is taken over. */
export function takeLock(file: string): Lock {
  const own = identify(process.pid);
  if (!own) throw new Error('this process cannot find its own start time');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (;;) {
    if (createAtomically(file, JSON.stringify(own))) return { held: true, release: () => release(file, own) };
    const found = readHolder(file);
    if (found && isRunning(found)) return { held: false, holder: found };
    removeStale(file, found);
  }
}

// link(2) either makes the whole file or fails: nobody ever reads half of it.
function createAtomically(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

// Two that meet a stale lock both move it away; whoever moved a fresh one puts it back.
function removeStale(file: string, stale: ProcessIdentity | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && moved.startedAt !== stale?.startedAt && isRunning(moved)) createAtomically(file, JSON.stringify(moved));
  rmSync(aside, { force: true });
}

function release(file: string, own: ProcessIdentity): void {
  if (readHolder(file)?.startedAt === own.startedAt) rmSync(file, { force: true });
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return holder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
