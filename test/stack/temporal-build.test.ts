import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { buildWithGo } from '../../src/stack/temporal-build.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe("building Temporal's server", () => {
  test('without Go says what to install or set', async () => {
    await expect(build({ PATH: sandbox.folder() })).rejects.toThrow(
      /there is no Go to build it: install Go .* or set TEMPORAL_ADDRESS/,
    );
  });

  test('that fails says why, and where the log is', async () => {
    await expect(build({ ...process.env, GOPROXY: 'off', GOMODCACHE: sandbox.folder() })).rejects.toThrow(
      /^Building example\.test\/nothing@v1\.0\.0 failed \(".*"; log: .*build-tool\.log\): put that right and start again/,
    );
  });
});

function build(env: NodeJS.ProcessEnv): Promise<string> {
  const cacheDir = sandbox.folder();
  const target = join(cacheDir, 'tool', 'nothing');
  return buildWithGo({ module: 'example.test/nothing@v1.0.0', target, cacheDir, log: () => undefined, env });
}
