import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { copyFolder, findGiteaBinary, GITEA_VERSION } from '../../src/stack/gitea-binary.ts';
import { takeLock } from '../../src/stack/lock.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('Gitea’s program', () => {
  test('without Go says what to install, and leaves the lock free', async () => {
    const cacheDir = sandbox.folder();
    await expect(find(cacheDir, { PATH: sandbox.folder() })).rejects.toThrow(/there is no Go: install it/);
    expect(existsSync(lockIn(cacheDir))).toBe(false);
  });

  test('whose build fails says why and where the log is, and the next one begins anew', async () => {
    const cacheDir = sandbox.folder();
    const offline = { ...process.env, GOPROXY: 'off', GOMODCACHE: sandbox.folder() };
    const failed =
      /^Building Gitea failed \(".*GOPROXY=off"; log: .*build-gitea-.*\.log\): put that right and start again/;
    await expect(find(cacheDir, offline)).rejects.toThrow(failed);
    await expect(find(cacheDir, offline)).rejects.toThrow(failed);
  });

  test('is waited for while another process builds it, which is named', async () => {
    const cacheDir = sandbox.folder();
    const builder = takeLock(lockIn(cacheDir));
    const said: string[] = [];
    const found = findGiteaBinary({
      cacheDir,
      log(line) {
        said.push(line);
        mkdirSync(homeIn(cacheDir));
        writeFileSync(join(homeIn(cacheDir), 'gitea'), '');
      },
    });
    expect((await found).program).toBe(join(homeIn(cacheDir), 'gitea'));
    expect(said).toEqual([expect.stringContaining(`Waiting for process ${process.pid}, which builds`)]);
    if (builder.held) builder.release();
  });
});

test('a copy of a read-only tree can be written and removed', () => {
  const from = join(sandbox.folder(), 'from');
  mkdirSync(join(from, 'inner'), { recursive: true });
  writeFileSync(join(from, 'inner', 'page.tmpl'), 'a page', { mode: 0o444 });
  const to = join(sandbox.folder(), 'to');
  copyFolder(from, to);
  expect(readFileSync(join(to, 'inner', 'page.tmpl'), 'utf8')).toBe('a page');
  expect(statSync(join(to, 'inner', 'page.tmpl')).mode & 0o777).toBe(0o644);
  rmSync(to, { recursive: true });
});

const homeIn = (cacheDir: string) => join(cacheDir, `gitea-${GITEA_VERSION}`);
const lockIn = (cacheDir: string) => `${homeIn(cacheDir)}.lock`;

function find(cacheDir: string, env: NodeJS.ProcessEnv) {
  return findGiteaBinary({ cacheDir, env, log: () => undefined });
}
