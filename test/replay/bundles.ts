import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const logger = new DefaultLogger('ERROR');

/** A change of one file of `src/workflows`: a piece of it, and what stands there instead. */
export interface Change {
  file: string;
  from: string;
  to: string;
}

/** @returns the code of a bundle of the workflows as they would be after these changes */
export async function changedBundle(changes: readonly Change[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'uc-changed-'));
  try {
    await Promise.all([
      cp(join(ROOT, 'src', 'workflows'), join(folder, 'workflows'), { recursive: true }),
      cp(join(ROOT, 'src', 'domain'), join(folder, 'domain'), { recursive: true }),
      symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules')),
    ]);
    for (const { file, from, to } of changes) {
      const path = join(folder, 'workflows', file);
      const text = await readFile(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not hold what is to be changed: ${from}`);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
    return (await bundleWorkflowCode({ workflowsPath: join(folder, 'workflows', 'index.ts'), logger })).code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns the path of a bundle of the workflows that were kept from before the change, in a folder of the caller's */
export async function oldBundle(folder: string): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('old/index.ts', import.meta.url));
  const path = join(folder, 'old.js');
  await writeFile(path, (await bundleWorkflowCode({ workflowsPath, logger })).code);
  return path;
}
