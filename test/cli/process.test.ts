import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/stack/ports.ts';
import { spawnCli } from './cli.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

let at: CliWorld;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  at = await createCliWorld();
  const { token } = await at.cli.json<{ token: string }>('tokens create operator');
  env = { UC_API_URL: at.world.url, UC_API_TOKEN: token };
});
afterAll(() => at.close());

describe('the exit code says how a command ended', () => {
  test('0: done, with the answer on standard output alone', async () => {
    const ran = await spawnCli(env, ['accounts', 'list']);
    expect(ran).toEqual({ code: 0, out: 'No account is registered.\n', err: '' });
  });

  test('0: help, asked for', async () => {
    const ran = await spawnCli({}, ['--help']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('Exit codes:\n  0  done\n  1  refused, or failed\n');
  });

  test('1: refused, with the reason on standard error alone', async () => {
    const ran = await spawnCli({ ...env, UC_API_TOKEN: `uc_${'a'.repeat(43)}` }, ['accounts', 'list']);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toContain('Code: unauthenticated');
  });

  test('2: a command that there is not', async () => {
    const ran = await spawnCli(env, ['audit', 'lst']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain("unknown command 'lst'\n(Did you mean list?)");
  });

  test.each([
    ['an option that there is not', 'audit list --colour', "unknown option '--colour'"],
    ['too many words', 'audit list all', 'too many arguments'],
    ['no verb', 'tokens', 'Usage: npm run cli -- tokens'],
    ['a name that is missing', 'instances show', "missing required argument 'instance'"],
    ['a choice that is missing', 'accounts register --slug acme', "required option '--kind <kind>' not specified"],
  ])('2: %s', async (_what, command, words) => {
    const ran = await at.cli(command);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(words);
  });

  test('2: a wrong setting, whose value is not repeated', async () => {
    const ran = await spawnCli({ ...env, UC_API_TOKEN: 'pass-word' }, ['accounts', 'list']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('UC_API_TOKEN: is not an API token');
    expect(ran.err).not.toContain('pass-word');
  });

  test('3: nothing listens where the API should be', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const ran = await spawnCli({ ...env, UC_API_URL: url }, ['sync', 'trigger']);
    expect(ran).toEqual({
      code: 3,
      out: '',
      err: `The API at ${url} cannot be reached (ECONNREFUSED).\nWhat to do: check that it runs and that UC_API_URL names it.\n`,
    });
  });

  test('3: nothing is set, and nothing runs on the data folder', async () => {
    const ran = await spawnCli({ DATA_DIR: '/nowhere' }, ['sync', 'status']);
    expect(ran).toMatchObject({ code: 3, out: '' });
    expect(ran.err).toContain('Nothing runs on the data folder /nowhere.');
  });
});

test('a secret is read from standard input', async () => {
  const args = ['accounts', 'register', '--kind', 'organization', '--slug', 'globex', '--credential-file', '-'];
  const ran = await spawnCli(env, args, { stdin: 'gh_secret\n' });
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/Credential +stored\n/);
});

test('whoever closes the output early is not told of it', async () => {
  expect(await spawnCli({}, ['--help'], { closesOutput: true })).toEqual({ code: 0, out: '', err: '' });
});
