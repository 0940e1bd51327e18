import { rmSync } from 'node:fs';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import type { Checks } from './checks.ts';

/** Runs happen when they are triggered, and sweeps at once; what a person is promised keeps its real length. */
const SETTINGS = {
  SYNC_EVERY: '365d',
  SYNC_JITTER: '1ms',
  SWEEP_EVERY: '200ms',
  LOG_LEVEL: 'debug',
  RATE_LIMIT_FACTOR: '1000',
};
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A stack that says when a part of it ends by itself, and that is stopped in good order by Ctrl-C. */
export async function startOwnStack(checks: Checks, dataDir: string, settings: Record<string, string>): Promise<Stack> {
  const interrupted = new AbortController();
  let started: Stack | undefined;
  const clear = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  const interrupt = () => {
    interrupted.abort();
    // Before it is started, the start itself stops what there is.
    if (!started) return;
    checks.tell('Interrupted: all of it is stopped.');
    checks.interrupted();
    void started.stop().finally(() => {
      if (checks.allHeld()) clear();
      process.exit(130);
    });
  };
  const forget = () => SIGNALS.forEach((signal) => process.off(signal, interrupt));
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    started = await startStack({
      dataDir,
      env: { ...SETTINGS, ...settings },
      log: (line) => checks.tell(line),
      signal: interrupted.signal,
    });
  } catch (error) {
    forget();
    if (interrupted.signal.aborted) clear();
    throw error;
  }
  const stack = started;
  void stack.failed.then((problem) => checks.brokeOff(problem.message));
  return {
    ...stack,
    async stop() {
      forget();
      await stack.stop();
    },
  };
}
