import type { Child } from './child.ts';
import { StackProblem } from './problem.ts';

/** Everything that was started and must be stopped, in ranks: the first rank is stopped before the second. */
export type Crew = {
  /** A child of the first rank: its end is the end of the stack, unless it was dismissed. */
  addProgram(child: Child): Child;
  /** What programs need while they stop. */
  addServer<Server extends { child: Child }>(server: Server): Server;
  /** The end of this child is expected from now on. */
  dismiss(child: Child): void;
  /** Resolves with a sentence when a child ends by itself. */
  readonly failed: Promise<StackProblem>;
  /** Throws when the stop was asked for: nothing more should be started. */
  assertGoing(): void;
  stop(): Promise<void>;
};

export const STOPPED = 'Stopped before it was ready.';

export function createCrew(): Crew {
  const programs = new Set<Child>();
  const servers = new Set<Child>();
  let stopping = false;
  let fail: (problem: StackProblem) => void;
  const failed = new Promise<StackProblem>((resolve) => {
    fail = resolve;
  });

  const add = (rank: Set<Child>, child: Child) => {
    rank.add(child);
    // One that got ready after the stop was asked for.
    if (stopping) void child.stop();
    void watch(child, () => !stopping && rank.has(child)).then((problem) => problem && fail(problem));
  };

  return {
    failed,
    addProgram(child) {
      add(programs, child);
      return child;
    },
    addServer(server) {
      add(servers, server.child);
      return server;
    },
    assertGoing() {
      if (stopping) throw new StackProblem(STOPPED);
    },
    dismiss: (child) => void programs.delete(child),
    async stop() {
      stopping = true;
      await Promise.all([...programs].map((child) => child.stop()));
      await Promise.all([...servers].map((child) => child.stop(20_000)));
    },
  };
}

async function watch(child: Child, isUnexpected: () => boolean): Promise<StackProblem | undefined> {
  const { code, signal } = await child.exited;
  if (!isUnexpected()) return undefined;
  const how = signal === null ? `exit code ${code}` : signal;
  const last = child.lastLines().at(-1);
  return new StackProblem(
    `${child.name} ended (${how})${last === undefined ? '' : `, saying "${last}"`}: see its log ${child.logFile} and start again.`,
  );
}
