import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const SRC = fileURLToPath(new URL('..', import.meta.url));

/** The folders that a workflow's code can come from; activities are types only. */
const ROOMS = ['workflows', 'domain'];

async function fingerprint(): Promise<string> {
  const { version } = createRequire(import.meta.url)('@temporalio/workflow/package.json') as { version: string };
  const hash = createHash('sha256').update(version);
  for (const room of ROOMS) {
    const files = (await readdir(join(SRC, room))).filter((name) => name.endsWith('.ts')).toSorted();
    for (const file of files) hash.update(`${room}/${file}\0`).update(await readFile(join(SRC, room, file)));
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * The path of the bundle of all workflows, made once for each state of their code: making it takes seconds, and every
 * worker and test would otherwise do so. A file appears whole or not at all.
 */
export async function workflowBundle(cacheDir: string): Promise<string> {
  const folder = join(cacheDir, 'workflow-bundles');
  const path = join(folder, `${await fingerprint()}.js`);
  const found = await readFile(path).catch(() => undefined);
  if (found) return path;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(SRC, 'workflows', 'index.ts'),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(folder, { recursive: true });
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, code);
  await rename(whole, path);
  return path;
}
