import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { createRequire } from 'node:module';

/** What a figure depends on besides the code. */
export function machine(): Record<string, string | number> {
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    temporalSdk: version,
    // Above the number of cores, something else was at work.
    loadAtStart: Math.round(loadavg()[0]! * 10) / 10,
  };
}
