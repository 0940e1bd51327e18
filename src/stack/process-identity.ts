import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process told apart from any later one that is given the same pid.
 * `startedAt` is opaque: on Linux boot id and clock ticks, elsewhere what `ps` says.
 */
export type ProcessIdentity = { pid: number; startedAt: string };

/** The identity of a live process, or undefined when there is none (a zombie has ended too). */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startedAtLinux(pid) : startedAtElsewhere(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** Whether that very process still runs; false for a stranger with the same pid. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends the signal only if that very process still runs; says whether it was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** The command line of a process as one string, empty when it cannot be read. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** The pid of a process's parent, 0 when there is none to be found. */
export function parentOf(pid: number): number {
  try {
    if (process.platform === 'linux') return Number(statFields(pid)[1]);
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return 0;
  }
}

// proc_pid_stat(5): the second field may hold spaces and parentheses, so count from the last ')'; what is left begins with field 3,
// the state; field 4 is the parent and field 22 the start time.
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startedAtLinux(pid: number): string | undefined {
  try {
    const fields = statFields(pid);
    if (fields[0] === 'Z' || fields[0] === 'X' || fields[19] === undefined) return undefined;
    // Ticks count from boot, and a machine that boots the same way each time repeats them.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function startedAtElsewhere(pid: number): string | undefined {
  try {
    const out = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    if (out === '' || out.startsWith('Z')) return undefined;
    return out.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
