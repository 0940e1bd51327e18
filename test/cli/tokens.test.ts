import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliWith } from './cli.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

let at: CliWorld;
let instanceId: string;
beforeAll(async () => {
  at = await createCliWorld();
  instanceId = await at.world.register();
});
afterAll(() => at.close());

test('a token is printed once, opens the API, is listed without its text, and is dead once revoked', async () => {
  const { cli, world } = at;
  const made = await cli('tokens create operator --name', 'on call');
  expect(made.out).toContain('The token is shown this once');
  const token = /uc_[\w-]{43}/.exec(made.out)![0];
  const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(made.out.replace(token, ''))![0];
  const holder = cliWith({ UC_API_URL: world.url, UC_API_TOKEN: token });
  expect((await holder('accounts list')).code).toBe(0);

  const { out } = await cli('tokens list');
  expect(out).toMatch(new RegExp(`operator +on call +\\S+Z +- +${id}`));
  expect(out).not.toContain('uc_');

  expect(await cli('tokens revoke', id)).toEqual({ code: 0, out: `The token ${id} is revoked.\n`, err: '' });
  expect((await cli('tokens revoke', id)).code).toBe(0);
  const refused = await holder('accounts list');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('A session or a valid API token is needed');
  expect(refused.err).toContain('What to do: set UC_API_TOKEN to a token that is not revoked');
  expect(refused.err).toContain(`Code: unauthenticated (${world.url}/problems/unauthenticated)`);
});

test('a token of a person carries both of their ids', async () => {
  const { cli, world } = at;
  const { id: userId, createdAt } = world.instance.people.get('devi');
  const githubUserId = world.github.people.get('devi').id;
  const { token } = await cli.json<{ token: string }>(
    `tokens create person --instance GHES.acme.example --user-id ${userId} --created-at ${createdAt} --github-user-id ${githubUserId}`,
  );
  const response = await fetch(`${world.url}/api/v1/me/data`, { headers: { authorization: `Bearer ${token}` } });
  expect(await response.json()).toMatchObject({
    identity: { instanceId, sourceUserId: userId, sourceCreatedAt: createdAt, githubUserId },
  });
});

test.each([
  ['a role that there is not', 'boss', 2, 'Allowed choices are operator, support, person.'],
  ['a person without ids', 'person', 2, 'A token of a person needs --instance'],
  ['an operator with an id', 'operator --user-id 7', 2, 'are for the role "person" alone'],
  ['an id that is no number', 'person --user-id devi', 2, 'It is not the numeric id of a user.'],
  ['a time that does not exist', 'person --created-at 2019-02-29T08:30:00Z', 2, 'It is no time that exists'],
  [
    'an instance that there is not',
    'person --instance x --user-id 7 --created-at 2019-02-28T08:30:00Z --github-user-id 7',
    1,
    'No instance has the id or the host name "x".',
  ],
])('no token is made for %s', async (_what, rest, code, words) => {
  const { cli } = at;
  const before = await cli.json('tokens list');
  const ran = await cli(`tokens create ${rest}`);
  expect(ran).toMatchObject({ code, out: '' });
  expect(ran.err).toContain(words);
  expect(await cli.json('tokens list')).toEqual(before);
});

test('a token that there is not cannot be revoked', async () => {
  const ran = await at.cli('tokens revoke', randomUUID());
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toMatch(/^There is no token with this id\.\nWhat to do: .*\nCode: not_found\n$/);
});

test('a token of another role is told which role is needed', async () => {
  const { cli, world } = at;
  const { token } = await cli.json<{ token: string }>('tokens create support --github-user-id 9001');
  const ran = await cliWith({ UC_API_URL: world.url, UC_API_TOKEN: token })('instances list');
  expect(ran).toMatchObject({ code: 1, out: '' });
  expect(ran.err).toContain('This act is for: operator.');
  expect(ran.err).toContain('What to do: use a token of that role');
});

describe('a database that cannot be used is named, without its password', () => {
  const listAt = (change: (url: URL) => void) => {
    const url = new URL(at.databaseUrl);
    change(url);
    return cliWith({ DATABASE_URL: url.href })('tokens list');
  };

  test('when nothing listens there', async () => {
    const down = await listAt((url) => {
      url.port = '1';
      url.password = 'pass-word';
    });
    expect(down).toEqual({
      code: 3,
      out: '',
      err: 'PostgreSQL at 127.0.0.1:1 cannot be used (ECONNREFUSED).\nWhat to do: check that it runs and that DATABASE_URL names it.\n',
    });
  });

  test('when the server does not have it', async () => {
    const absent = await listAt((url) => (url.pathname = '/nowhere'));
    expect(absent).toMatchObject({ code: 3, out: '' });
    expect(absent.err).toContain('database "nowhere" does not exist');
  });

  test('when it is empty', async () => {
    const empty = await listAt((url) => (url.pathname = '/postgres'));
    expect(empty).toMatchObject({ code: 1, out: '' });
    expect(empty.err).toContain('does not have the tables of this release.\nWhat to do: "npm run migrate" makes them');
  });
});
