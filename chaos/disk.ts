import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SIZE_MB = 512;
const CHUNKS = [8 * 1024 * 1024, 64 * 1024, 4096];

/** A disk of a size that can be filled and freed. */
export interface Disk {
  fill(): void;
  free(): void;
  /** Takes the disk away, with all that is on it. */
  remove(): void;
}

/**
 * Puts a folder and what is in it on a disk of its own, in memory. It needs mounts that are seen by this process and its
 * children alone; whoever starts this makes sure of that.
 */
export function onOwnDisk(folder: string): Disk {
  const { uid, gid } = statSync(folder);
  const aside = `${folder}.aside`;
  renameSync(folder, aside);
  mkdirSync(folder, { mode: 0o700 });
  const options = `size=${SIZE_MB}m,mode=0700,uid=${uid},gid=${gid}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  execFileSync('cp', ['-a', `${aside}/.`, folder]);
  rmSync(aside, { recursive: true });
  const ballast = join(folder, 'ballast');
  return {
    fill() {
      const file = openSync(ballast, 'a');
      for (const size of CHUNKS) writeWhileThereIsRoom(file, Buffer.alloc(size));
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => void execFileSync('umount', [folder]),
  };
}

function writeWhileThereIsRoom(file: number, chunk: Buffer): void {
  try {
    while (writeSync(file, chunk) === chunk.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
