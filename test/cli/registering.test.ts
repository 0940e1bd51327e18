import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandbox } from '../stack/sandbox.ts';
import { createCliWorld, type CliWorld } from './cli-world.ts';

const sandbox = createSandbox();
let at: CliWorld;
beforeAll(async () => {
  at = await createCliWorld();
  await at.world.register();
});
afterAll(async () => {
  sandbox.clean();
  await at.close();
});

const fileWith = (secret: string): string => {
  const file = join(sandbox.folder(), 'secret');
  writeFileSync(file, `${secret}\n`);
  return file;
};

describe('an account', () => {
  const REGISTER = 'accounts register --kind enterprise --slug globex --credential-file';

  test('is registered with a credential from a file or from standard input, which is printed nowhere', async () => {
    const { cli } = at;
    const made = await cli(REGISTER, fileWith('gh_secret_1'));
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).toMatch(/Account +globex \(enterprise\)\n/);
    expect(made.out).toMatch(/Terms +not recorded, which counts as custom/);
    expect(made.out).toMatch(/Credential +stored\n/);
    const fed = await cli.fed('gh_secret_2\n', REGISTER, '-');
    expect(fed).toMatchObject({ code: 0, err: '' });
    const listed = await cli('accounts list');
    expect(listed.out).toMatch(/enterprise +globex +not recorded +- +yes/);
    expect(made.out + fed.out + listed.out).not.toContain('gh_secret');
  });

  test('gets the very secret that was given, without the line break after it', async () => {
    const { cli, world } = at;
    await cli.fed('gh_secret_3\r\n', REGISTER, '-');
    const { rows } = await world.pool.query<{ id: string; credential_ciphertext: Buffer; credential_key_id: string }>(
      `select id, credential_ciphertext, credential_key_id from account where slug = 'globex'`,
    );
    const { id, credential_ciphertext: sealed, credential_key_id: keyId } = rows[0]!;
    expect(world.deps.cipher.open(sealed, keyId, id)).toBe('gh_secret_3');
  });

  test('is not registered with a secret that is empty or cannot be read', async () => {
    const { cli } = at;
    expect(await cli.fed('\n', REGISTER, '-')).toEqual({ code: 2, out: '', err: 'Standard input is empty.\n' });
    expect(await cli(REGISTER, '/nope')).toEqual({ code: 2, out: '', err: '/nope cannot be read (ENOENT).\n' });
  });

  test('has its terms set by its short name or id', async () => {
    const { cli } = at;
    const { items } = await cli.json<{ items: { id: string; slug: string }[] }>('accounts list');
    const { id } = items.find(({ slug }) => slug === 'acme')!;
    expect((await cli('terms set acme standard')).out).toMatch(/Terms set +\S+Z by token:/);
    expect(await cli.json('terms set', id, 'custom')).toMatchObject({ id, terms: 'custom' });
    expect((await cli('terms set acme free')).code).toBe(2);
    const unknown = await cli('terms set initech custom');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('No account has the id or the short name "initech".');
  });

  test('is not guessed where an organization and an enterprise have the same short name', async () => {
    const { cli } = at;
    for (const kind of ['organization', 'enterprise']) await cli(`accounts register --kind ${kind} --slug twin`);
    const ran = await cli('terms set twin standard');
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('An organization and an enterprise are called "twin"');
  });
});

describe('an instance', () => {
  const register = (hostname: string, baseUrl: string) =>
    `instances register --hostname ${hostname} --kind gitea --account acme --base-url ${baseUrl}`;

  test('is registered, listed and shown; GitHub Connect is recorded', async () => {
    const { cli } = at;
    const secret = fileWith('oauth-secret');
    const made = await cli(
      `${register('git.acme.example', 'http://127.0.0.1:3999')} --allow-http-loopback --credential-file ${secret} --oauth-client-id app --oauth-client-secret-file ${secret}`,
    );
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).toMatch(/OAuth App +stored\n/);
    const replaced = await cli(`instances credentials git.acme.example --credential-file ${secret}`);
    expect(replaced).toMatchObject({ code: 0, err: '' });
    expect(await cli('instances credentials git.acme.example')).toMatchObject({ code: 2, out: '' });
    expect((await cli('instances list')).out).toMatch(/git\.acme\.example +gitea +acme +unavailable +unknown/);

    const shown = await cli('instances show git.acme.example');
    expect(shown.out).toMatch(/Address +http:\/\/127\.0\.0\.1:3999 \(plain HTTP to loopback is allowed\)\n/);
    expect(shown.out).toMatch(/Instance side +disabled\n/);
    expect((await cli('instances network git.acme.example --private allow')).out).toMatch(
      /\(private addresses are allowed\)\n/,
    );
    expect((await cli('instances network git.acme.example --private forbid')).out).not.toMatch(/private addresses/);
    expect((await cli('connect record git.acme.example connected')).out).toMatch(/GitHub Connect +connected\n/);
    const json = await cli.json('instances show git.acme.example');
    expect(json).toMatchObject({ instance: { connect: 'connected' }, sharing: { status: 'unavailable' } });
    expect(JSON.stringify(json) + made.out + shown.out).not.toContain('oauth-secret');
  });

  test('that the API refuses is answered with its fields, the code and what to do', async () => {
    const { cli, world } = at;
    expect(await cli(register('ghes.acme.example', 'https://ghes.acme.example'))).toEqual({
      code: 1,
      out: '',
      err: [
        'A field has a value that cannot be taken here',
        '  hostname: is registered already',
        `Code: value_refused (${world.url}/problems/value_refused)`,
        '',
      ].join('\n'),
    });
    const plain = await cli(register('other.example', 'http://10.0.0.1'), '--allow-http-loopback');
    expect(plain).toMatchObject({ code: 1, out: '' });
    expect(plain.err).toContain(
      'What to do: use https; a private address needs --allow-private-network, and plain HTTP',
    );

    const json = await cli(register('bad_host', 'https://x.example'), '--json');
    expect(json).toMatchObject({ code: 1, out: '' });
    expect(JSON.parse(json.err)).toMatchObject({ code: 'invalid_input', facts: { fields: [{ field: 'hostname' }] } });
  });

  test.each([
    ['without its secret', '--oauth-client-id app', '--oauth-client-id and --oauth-client-secret-file'],
    [
      'with two secrets on one standard input',
      '--oauth-client-id app --oauth-client-secret-file - --credential-file -',
      'Standard input holds one secret',
    ],
  ])('is not registered %s', async (_what, rest, words) => {
    const { cli } = at;
    const ran = await cli.fed('secret', `${register('half.example', 'https://half.example')} ${rest}`);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(words);
    expect((await cli('instances list')).out).not.toContain('half.example');
  });
});
