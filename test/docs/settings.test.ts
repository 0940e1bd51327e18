import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadCliConfig, loadConfig, loadSealerConfig } from '../../src/config.ts';

const settings = readSettings(readFileSync('.env.example', 'utf8'));
// The example's key is none, so that nobody runs with a key that all can read.
const key = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
const KEY = { TOKEN_KEYS: key, AUDIT_KEYS: key };
const REQUIRED = {
  ...Object.fromEntries(settings.filter((one) => one.required).map(({ name, value }) => [name, value])),
  ...KEY,
};

interface Setting {
  name: string;
  value: string;
  required: boolean;
  comment: string;
}

function readSettings(text: string): Setting[] {
  let comment = '';
  return text.split('\n').flatMap((line) => {
    const [, hash, name, value] = /^(# )?([A-Z][A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      comment = line;
      return [];
    }
    return [{ name, value, required: hash === undefined, comment }];
  });
}

/** The names that a reader of the environment asks for. */
function namesAskedFor(read: (env: NodeJS.ProcessEnv) => unknown): Set<string> {
  const names = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(
    {},
    { get: (_, name) => void (typeof name === 'string' && names.add(name)) },
  );
  try {
    read(env);
  } catch {
    // What is needed is missing; the names were asked for all the same.
  }
  // NAME_FILE is how NAME is said by a file.
  return new Set([...names].filter((name) => !names.has(name.replace(/_FILE$/, '')) || !name.endsWith('_FILE')));
}

function sourceOf(folder: string, ending: RegExp): string {
  const files = readdirSync(folder).filter((name) => ending.test(name));
  return files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

const ours = new Set([loadConfig, loadSealerConfig, loadCliConfig].flatMap((read) => [...namesAskedFor(read)]));
const envconfig = dirname(createRequire(import.meta.url).resolve('@temporalio/envconfig'));
const elsewhere = sourceOf('src/stack', /\.ts$/) + sourceOf(envconfig, /\.js$/);

/** As a worker starts. */
const load = (env: NodeJS.ProcessEnv) => ({ ...loadConfig(env), ...loadSealerConfig(env) });

test('the example names every setting that the API, the worker and the CLI read', () => {
  expect(ours.size).toBeGreaterThan(30);
  expect(settings.map(({ name }) => name)).toEqual(expect.arrayContaining([...ours]));
});

test('the example names nothing that nobody reads, and nothing twice', () => {
  const unknown = settings.filter(({ name }) => !ours.has(name) && !new RegExp(`['\\[.]${name}\\b`).test(elsewhere));
  expect(unknown.map(({ name }) => name)).toEqual([]);
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
});

test('each default that the example shows is the default', () => {
  const shown = { ...Object.fromEntries(settings.map(({ name, value }) => [name, value])), ...KEY };
  expect(loadConfig(shown)).toEqual(loadConfig(REQUIRED));
  expect(loadSealerConfig(shown)).toEqual(loadSealerConfig(REQUIRED));
  expect(loadCliConfig(shown)).toEqual(loadCliConfig(REQUIRED));
});

test.each(['TOKEN_KEYS', 'AUDIT_KEYS'])('the key that the example shows is refused: %s', (wanted) => {
  const shown = settings.find(({ name }) => name === wanted)!.value;
  expect(() => load({ ...REQUIRED, [wanted]: shown })).toThrow('make one with "openssl rand -base64 32"');
});

test('a setting without a comment sign is one that the API and the worker cannot do without', () => {
  for (const name of Object.keys(REQUIRED)) {
    expect(() => load({ ...REQUIRED, [name]: undefined })).toThrow(`${name}:`);
  }
});

test('each setting has a line that says what it is', () => {
  const silent = settings.filter(({ comment }) => !/^# [A-Z].*\.$/.test(comment));
  expect(silent.map(({ name }) => name)).toEqual([]);
});
