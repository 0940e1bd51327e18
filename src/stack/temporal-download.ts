import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './problem.ts';

const LIMIT_MS = 300_000;

/**
 * A server that the SDK downloads into `folder`, or undefined where it cannot; one from an earlier download needs no network.
 * The SDK downloads when it starts a server and does not say where to: a folder of its own tells.
 */
export async function downloadServer(
  kind: 'dev-server' | 'time-skipping',
  folder: string,
  log: Log,
  version = 'default',
): Promise<string | undefined> {
  const cached = () =>
    (existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name)).find(isExecutable);
  if (cached()) return cached();
  log("Downloading Temporal's server.");
  mkdirSync(folder, { recursive: true });
  const limit = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('it took too long')), LIMIT_MS).unref();
  });
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const server = { executable: { type: 'cached-download', version, downloadDir: folder } } as const;
    const starting =
      kind === 'dev-server'
        ? TestWorkflowEnvironment.createLocal({ server })
        : TestWorkflowEnvironment.createTimeSkipping({ server });
    await (await Promise.race([starting, limit])).teardown();
    return cached();
  } catch (error) {
    log(`No download (${error instanceof Error ? error.message.split(': ').at(-1) : String(error)}).`);
    return undefined;
  }
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
