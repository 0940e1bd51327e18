import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/stack/ports.ts';
import { createSandbox, ended } from './sandbox.ts';

const MAIN = fileURLToPath(new URL('../../src/stack/main.ts', import.meta.url));

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

describe('npm start ends with one sentence that says what to do', () => {
  test('when its port is taken', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    const { code, output } = await start({ DATA_DIR: sandbox.folder(), PORT: String(port) });
    other.close();
    expect(output).toBe(
      `Port ${port} of 127.0.0.1, which the API needs, cannot be used: stop the program that has it, or set PORT to another port.\n`,
    );
    expect(code).toBe(1);
  });

  test('when a port is no port', async () => {
    const { code, output } = await start({ DATA_DIR: sandbox.folder(), PORT: 'http' });
    expect(output).toBe('PORT is "http": set it to a port between 1 and 65535.\n');
    expect(code).toBe(1);
  });

  test('when its data folder cannot be made', async () => {
    const file = join(sandbox.folder(), 'file');
    writeFileSync(file, '');
    const { code, output } = await start({ DATA_DIR: join(file, 'data') });
    expect(output).toBe(
      `${file}/data cannot be read and written (ENOTDIR): change its owner, or name another folder in DATA_DIR.\n`,
    );
    expect(code).toBe(1);
  });

  test("when its data folder is somebody else's, which --fresh does not erase either", async () => {
    const folder = sandbox.folder();
    mkdirSync(join(folder, 'photos'));
    const { code, output } = await start({ DATA_DIR: folder }, ['--fresh']);
    expect(output).toBe(`${folder} holds files of something else: name an empty or a new folder in DATA_DIR.\n`);
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'photos'))).toBe(true);
  });

  test('when DATABASE_URL names no PostgreSQL, without its password', async () => {
    const port = await freePort();
    const url = `postgres://app:secret@127.0.0.1:${port}/app`;
    const { code, output } = await start({
      DATA_DIR: sandbox.folder(),
      DATABASE_URL: url,
      PORT: String(await freePort()),
    });
    expect(output).toContain(`DATABASE_URL names a PostgreSQL at 127.0.0.1:${port} that cannot be used`);
    expect(output).not.toContain('secret');
    expect(code).toBe(1);
  });

  test('when an option is unknown', async () => {
    const { code, output } = await start({ DATA_DIR: sandbox.folder() }, ['--frehs']);
    expect(output).toContain('The options are --fresh and --servers.');
    expect(output).not.toContain(' at ');
    expect(code).toBe(1);
  });
});

function start(env: NodeJS.ProcessEnv, args: string[] = []): Promise<{ code: number | null; output: string }> {
  return ended(
    sandbox.start(process.execPath, ['--import', 'tsx', MAIN, ...args], { env: { ...process.env, ...env } }),
  );
}
