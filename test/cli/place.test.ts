import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { findApi, findDatabase } from '../../src/cli/place.ts';
import { loadCliConfig } from '../../src/config.ts';
import { announce } from '../../src/stack/data-folder.ts';
import { createSandbox } from '../stack/sandbox.ts';

const sandbox = createSandbox();
afterEach(() => sandbox.clean());

const TOKEN = `uc_${'a'.repeat(43)}`;
const DEMO_TOKEN = `uc_${'d'.repeat(43)}`;
const apiUrl = 'http://127.0.0.1:4000';
const databaseUrl = 'postgres://postgres@127.0.0.1:4001/uc';

function stackFolder({ demo }: { demo: boolean }): string {
  const folder = sandbox.folder();
  announce(folder, { apiUrl, databaseUrl });
  if (demo) writeFileSync(join(folder, 'demo.json'), JSON.stringify({ operator: DEMO_TOKEN }));
  return folder;
}

test('beside a stack that runs, everything is found in its data folder', () => {
  const config = loadCliConfig({ DATA_DIR: stackFolder({ demo: true }) });
  expect(findApi(config)).toEqual({ url: apiUrl, token: DEMO_TOKEN });
  expect(findDatabase(config)).toBe(databaseUrl);
});

test('settings come before the data folder', () => {
  const config = loadCliConfig({
    DATA_DIR: stackFolder({ demo: true }),
    UC_API_URL: 'https://uc.example/',
    UC_API_TOKEN: TOKEN,
    DATABASE_URL: 'postgres://db.example/uc',
  });
  expect(findApi(config)).toEqual({ url: 'https://uc.example', token: TOKEN });
  expect(findDatabase(config)).toBe('postgres://db.example/uc');
});

test("a token that is set comes before the demo's", () => {
  const config = loadCliConfig({ DATA_DIR: stackFolder({ demo: true }), UC_API_TOKEN: TOKEN });
  expect(findApi(config)).toEqual({ url: apiUrl, token: TOKEN });
});

test("the demo's token is never sent to another API than its own stack's", () => {
  const config = loadCliConfig({ DATA_DIR: stackFolder({ demo: true }), UC_API_URL: 'https://uc.example' });
  expect(() => findApi(config)).toThrow('No API token is set.');
});

test('a stack without a demo needs a token, and its data folder is not enough', () => {
  const folder = stackFolder({ demo: false });
  expect(() => findApi(loadCliConfig({ DATA_DIR: folder }))).toThrow('No API token is set.');
  expect(findApi(loadCliConfig({ DATA_DIR: folder, UC_API_TOKEN: TOKEN }))).toEqual({ url: apiUrl, token: TOKEN });
});

test('where nothing runs, the folder is named', () => {
  const folder = sandbox.folder();
  expect(() => findApi(loadCliConfig({ DATA_DIR: folder }))).toThrow(`Nothing runs on the data folder ${folder}.`);
  expect(() => findDatabase(loadCliConfig({ DATA_DIR: folder }))).toThrow(`Nothing runs on the data folder ${folder}.`);
});

test('a token can come from a file; a wrong setting is named and its value is not repeated', () => {
  const file = join(sandbox.folder(), 'token');
  writeFileSync(file, `${TOKEN}\n`);
  expect(loadCliConfig({ UC_API_TOKEN_FILE: file }).UC_API_TOKEN).toBe(TOKEN);
  expect(() => loadCliConfig({ UC_API_TOKEN_FILE: '/nowhere' })).toThrow(
    'UC_API_TOKEN_FILE names /nowhere, which cannot be read (ENOENT).',
  );
  expect(() => loadCliConfig({ UC_API_TOKEN: 'my-password' })).toThrow(
    /UC_API_TOKEN: is not an API token(?!.*my-pass)/,
  );
  expect(() => loadCliConfig({ UC_API_URL: 'ftp://uc.example' })).toThrow('UC_API_URL');
});
