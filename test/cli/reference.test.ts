import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import prettier from 'prettier';
import { createProgram } from '../../src/cli/program.ts';
import { reference } from '../../src/cli/reference.ts';
import { cliWith } from './cli.ts';

const program = createProgram({ env: {}, stdin: Readable.from([]), out: () => undefined, err: () => undefined });
const cli = cliWith({});

test('docs/cli.md says what the commands are; "npm run cli:docs" writes it', async () => {
  const options = { ...(await prettier.resolveConfig('docs/cli.md')), parser: 'markdown' };
  expect(await readFile('docs/cli.md', 'utf8')).toBe(await prettier.format(reference(program), options));
});

test('every command has help with the exit codes and --json, without any setting', async () => {
  const verbs = program.commands.flatMap((noun) => noun.commands.map((verb) => [noun.name(), verb.name()] as const));
  expect(verbs).not.toHaveLength(0);
  for (const [noun, verb] of verbs) {
    const { code, out, err } = await cli(`${noun} ${verb} --help`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: npm run cli -- ${noun} ${verb}`);
    expect(out).toContain('--json');
    expect(out).toContain('3  the API or the database cannot be reached');
  }
});

test('no command takes a secret as an option', () => {
  const flags = program.commands.flatMap((noun) =>
    noun.commands.flatMap((verb) => verb.options.map((one) => one.flags)),
  );
  const secrets = flags.filter((flag) => /credential|secret|password|token/.test(flag));
  expect([...new Set(secrets)].toSorted()).toEqual(['--credential-file <path>', '--oauth-client-secret-file <path>']);
});
