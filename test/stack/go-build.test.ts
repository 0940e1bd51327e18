import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { identify } from '../../src/stack/process-identity.ts';
import { createSandbox, ended } from './sandbox.ts';

const BUILDER = fileURLToPath(new URL('./go-builder.ts', import.meta.url));
const sandbox = createSandbox();
afterEach(() => sandbox.clean());

test('a build that is interrupted takes its compilers along and leaves no half-built files', async () => {
  const bin = sandbox.folder();
  // As Go does, it starts a compiler that knows nothing of signals to Go.
  writeFileSync(join(bin, 'go'), '#!/bin/sh\nsleep 300 &\necho $! > "$GOTMPDIR/compiler"\nwait\n', { mode: 0o755 });
  const cacheDir = sandbox.folder();
  const workshop = join(cacheDir, 'tool.unfinished');
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) };
  const builder = sandbox.start(process.execPath, ['--import', 'tsx', BUILDER, cacheDir, workshop], { env });
  const compiler = await pidIn(join(workshop, 'scratch', 'compiler'));
  expect(identify(compiler)).toBeDefined();

  builder.kill('SIGTERM');
  expect((await ended(builder)).code).toBe(130);
  expect(identify(compiler)).toBeUndefined();
  expect(existsSync(workshop)).toBe(false);
});

async function pidIn(file: string): Promise<number> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (text.endsWith('\n')) return Number(text);
    if (Date.now() > deadline) throw new Error(`${file} was not written`);
    await delay(20);
  }
}
