import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { noteChild, type StopSignal } from './leftovers.ts';

export type ChildOptions = {
  /** Names the log file, the pid file and the messages; unique within a data folder. */
  name: string;
  command: string;
  args: readonly string[];
  /** Logs go to `<dataDir>/logs`, pid files to `<dataDir>/run`. */
  dataDir: string;
  /** The whole environment of the child. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** What asks this program to stop in good order, and what it gets when its launcher dies. SIGTERM unless told. */
  stopSignal?: StopSignal;
  /** Sees each line of the child's output after it was logged. */
  onLine?: (line: string) => void;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the child has ended, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** The next line that matches, or undefined when the child ends without it. */
  line(matches: (line: string) => boolean): Promise<string | undefined>;
  /** The last lines it wrote, at most 20. */
  lastLines(): readonly string[];
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop, waits `limitMs` (10 s), then kills it; resolves when it has ended. */
  stop(limitMs?: number): Promise<void>;
};

const KEPT_LINES = 20;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** Starts a program whose life is bound to this process; throws when it cannot be started at all. */
export function startChild(options: ChildOptions): Child {
  const { name, dataDir, stopSignal = 'SIGTERM' } = options;
  const logFile = openableLog(dataDir, name);
  const child = spawnBound(options, stopSignal);
  const exited = exitOf(child);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.command} cannot be started`);
  const forget = noteChild(dataDir, name, pid, stopSignal);
  const output = readOutput(child, logFile, exited, options.onLine);
  let ended = false;
  const onExit = () => {
    ended = true;
    forget();
  };
  child.once('exit', onExit);

  return {
    name,
    pid,
    logFile,
    exited,
    hasExited: () => ended,
    line: output.line,
    lastLines: output.lastLines,
    kill(signal) {
      if (!ended) child.kill(signal);
    },
    async stop(limitMs = 10_000) {
      if (!ended) child.kill(stopSignal);
      const limit = new AbortController();
      const late = delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined);
      await Promise.race([exited, late]);
      limit.abort();
      if (!ended) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs a program to its end under the same rules; resolves with how it ended and its last lines. */
export async function runChild(options: ChildOptions): Promise<Exit & { lastLines: readonly string[] }> {
  const child = startChild(options);
  const exit = await child.exited;
  return { ...exit, lastLines: child.lastLines() };
}

type Output = Pick<Child, 'line' | 'lastLines'>;

function readOutput(
  child: ChildProcess,
  logFile: string,
  exited: Promise<Exit>,
  onLine: ChildOptions['onLine'],
): Output {
  const lines: string[] = [];
  const seen = new EventEmitter<{ line: [string] }>().setMaxListeners(0);
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      log.write(`${new Date().toISOString()} ${line}\n`);
      if (lines.push(line) > KEPT_LINES) lines.shift();
      seen.emit('line', line);
      onLine?.(line);
    });
  }
  child.once('close', () => log.end());
  return {
    lastLines: () => lines,
    line(matches) {
      const found = new Promise<string>((resolve) => {
        seen.on('line', function check(line) {
          if (!matches(line)) return;
          seen.off('line', check);
          resolve(line);
        });
      });
      return Promise.race([found, exited.then(() => undefined)]);
    },
  };
}

// setpriv (util-linux) sets PR_SET_PDEATHSIG, see prctl(2), and then becomes the program: same pid, same start time.
// Credentials are changed before that by spawn itself, since a change of user clears the parent-death signal.
let setpriv: boolean | undefined;
function hasSetpriv(): boolean {
  setpriv ??= process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true']).status === 0;
  return setpriv;
}

function spawnBound(options: ChildOptions, stopSignal: StopSignal): ChildProcess {
  const bound = hasSetpriv() ? ['setpriv', '--pdeathsig', stopSignal.slice(3), '--'] : [];
  const [command = options.command, ...args] = [...bound, options.command, ...options.args];
  return spawn(command, args, {
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: Ctrl-C in a terminal then reaches the launcher alone, which stops its children in order.
    detached: true,
  });
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    // 'close' and not 'exit': by then the last output has been read.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function openableLog(dataDir: string, name: string): string {
  const folder = join(dataDir, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name}.log`);
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return file;
}
