import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { commandLine } from '../../src/stack/process-identity.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { createSandbox } from './sandbox.ts';

const sandbox = createSandbox();
const dataDir = sandbox.folder();
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ dataDir, durable: false });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  sandbox.clean();
});
/** What a program was given can be read there alone. */
const onLinux = process.platform === 'linux' ? test : test.skip;

/** What every user of the machine can read of a program that runs. */
function commandLines(): string[] {
  const folder = join(dataDir, 'run');
  const note = z.object({ pid: z.number() });
  return readdirSync(folder).map((file) =>
    commandLine(note.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))).pid),
  );
}

test('no secret stands in the process list while all of it runs', () => {
  const { TOKEN_KEYS, AUDIT_KEYS } = stack.secrets;
  const passwords = [stack.databaseUrl, stack.ownerUrl].map((url) => new URL(url).password);
  const secrets = [...passwords, ...[TOKEN_KEYS, AUDIT_KEYS].map((keys) => keys.slice(keys.indexOf(':') + 1))];
  expect(new Set(secrets.filter((secret) => secret.length > 30)).size).toBe(4);
  const lines = commandLines();
  expect(
    lines
      .map((line) => /worker\.ts|server\.ts|peers\/main\.ts|temporal|postgres/.exec(line)?.[0] ?? line)
      .toSorted((a, b) => a.localeCompare(b)),
  ).toEqual(['peers/main.ts', 'postgres', 'server.ts', 'temporal', 'worker.ts']);
  for (const line of lines) for (const secret of secrets) expect(line).not.toContain(secret);
});

onLinux('API and worker run as a role that can change no audit record, and the API has no key for their seal', () => {
  const environmentOf = (name: string) => {
    const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(join(dataDir, 'run', name), 'utf8')));
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  };
  const [api, worker] = ['api', 'worker'].map((name) => {
    const file = readdirSync(join(dataDir, 'run')).find((one) => one.startsWith(name));
    return environmentOf(file!);
  });
  for (const environment of [api, worker]) {
    expect(environment).toContain(stack.databaseUrl);
    expect(environment).not.toContain(new URL(stack.ownerUrl).password);
  }
  expect(worker).toContain(stack.secrets.AUDIT_KEYS);
  expect(api).not.toContain(stack.secrets.AUDIT_KEYS);
});
