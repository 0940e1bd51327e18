import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../src/stack/child.ts';

const TRY_AGAIN_MS = 300;

/** A program under a supervisor that starts it again whenever it ends, as an operator's would. */
export interface Program {
  name: string;
  /** Ends it at once, with all that it has started, and lets it stay down for so long. */
  kill(downMs: number): void;
  /** Stops it where it stands. */
  freeze(): void;
  thaw(): void;
  /** Resolves when it runs; while it is down, that is its next start. */
  up(): Promise<void>;
  /** How often it ended without being killed by us. */
  endedByItself(): number;
  stop(): Promise<void>;
}

/** @param start gives a program that runs; one that could not be started is tried again */
export async function supervise(
  name: string,
  start: () => Promise<Child>,
  say: (line: string) => void,
): Promise<Program> {
  let child: Child | undefined = await start();
  let running = Promise.resolve();
  let killed = false;
  let stopping = false;
  let downMs = 0;
  let ended = 0;
  const keeping = keep(child);

  async function keep(first: Child): Promise<void> {
    for (let current = first; ;) {
      const { code, signal } = await current.exited;
      child = undefined;
      if (stopping) return;
      if (!killed) {
        ended += 1;
        say(`${name} ended by itself (${signal ?? `exit code ${code}`}), saying "${current.lastLines().at(-1) ?? ''}"`);
      }
      let isUp: () => void = () => undefined;
      running = new Promise((resolve) => {
        isUp = resolve;
      });
      await delay(killed ? downMs : TRY_AGAIN_MS);
      killed = false;
      const next = await startedAgain();
      if (!next) return;
      child = current = next;
      isUp();
    }
  }

  async function startedAgain(): Promise<Child | undefined> {
    for (;;) {
      if (stopping) return undefined;
      try {
        return await start();
      } catch (error) {
        say(`${name} could not be started (${error instanceof Error ? error.message : String(error)}): tried again`);
        await delay(TRY_AGAIN_MS);
      }
    }
  }

  const signalAll = (signal: NodeJS.Signals) => {
    if (child && !child.hasExited()) familyOf(child.pid).forEach((pid) => signalOne(pid, signal));
  };
  return {
    name,
    kill(ms) {
      if (!child || killed) return;
      killed = true;
      downMs = ms;
      signalAll('SIGKILL');
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    up: () => running,
    endedByItself: () => ended,
    async stop() {
      stopping = true;
      signalAll('SIGCONT');
      await child?.stop(20_000);
      await keeping;
      await child?.stop(20_000);
    },
  };
}

/** A process and what it has started, the youngest last. PostgreSQL's own processes are no group of its. */
function familyOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [
      pid,
      ...children
        .split(' ')
        .filter(Boolean)
        .flatMap((one) => familyOf(Number(one))),
    ];
  } catch {
    return [pid];
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
