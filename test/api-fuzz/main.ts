import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepLogs, keepText } from '../../demo/artifacts.ts';
import { demoState, type DemoState } from '../../demo/seed-state.ts';
import { seedDemo } from '../../demo/seed.ts';
import { cacheFolder } from '../../src/stack/cache.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { configOf, type Scope } from './config.ts';
import { installSchemathesis } from './schemathesis.ts';

/**
 * `npm run test:api-fuzz`: on a stack of its own, Schemathesis sends what the served OpenAPI file allows and what it does
 * not, with each role's credentials, and holds every answer to the file. Exit code 1 where an answer does not hold or
 * where fewer cases than promised were sent. The folder with the reports stays in that case.
 */
const AT_LEAST = 10_000;
const SETTINGS = { RATE_LIMIT_FACTOR: '1000000', SYNC_EVERY: '365d', LOG_LEVEL: 'debug' };

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** In this order, since an operator may take away what the others need; whoever is forgotten is nobody afterwards. */
function scopesOf({ people, support, operator, instanceId, connectionId }: DemoState): [string, Scope][] {
  const connection = { path: '/api/v1/connections/', id: connectionId };
  const instance = { path: '/api/v1/instances/', id: instanceId };
  return [
    ['nobody', { token: undefined, examples: 20 }],
    ['developer', { token: people['devi'], examples: 40, but: 'forgetMe', theirs: connection }],
    ['developer-forgotten', { token: people['goran'], examples: 40, only: 'forgetMe' }],
    ['administrator', { token: people['ada'], examples: 40, but: 'forgetMe', theirs: instance }],
    ['support', { token: support, examples: 40 }],
    ['operator', { token: operator, examples: 40 }],
  ];
}

async function fuzz(stack: Stack, dataDir: string): Promise<boolean> {
  await seedDemo({ ...stack, peers: stack.peers! }, dataDir);
  const state = demoState.parse(JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')));
  const schemathesis = await installSchemathesis(cacheFolder(), dataDir);
  let sent = 0;
  let allHeld = true;
  for (const [name, scope] of scopesOf(state)) {
    const schemaUrl = `${stack.apiUrl}/openapi.json`;
    const { cases, held, text } = await schemathesis({ name, schemaUrl, config: configOf(scope) });
    keepText('output', `api-fuzz-${name}.log`, text);
    say(`${held ? 'ok  ' : 'FAIL'} ${name}: ${cases} cases`);
    if (!held) say(text);
    sent += cases;
    allHeld &&= held;
  }
  if (sent < AT_LEAST) say(`FAIL fewer than ${AT_LEAST} cases`);
  say(`-- api-fuzz: ${sent} cases`);
  return allHeld && sent >= AT_LEAST;
}

const dataDir = mkdtempSync(join(tmpdir(), 'unified-contributions-fuzz-'));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const stack = await startStack({ dataDir, env: SETTINGS, log: say, signal: interrupted.signal });
const ended = new Promise<false>((resolve) => interrupted.signal.addEventListener('abort', () => resolve(false)));
const broken = stack.failed.then((problem) => {
  say(problem.message);
  return false;
});
let held = false;
try {
  held = await Promise.race([fuzz(stack, dataDir), broken, ended]);
} finally {
  await stack.stop();
  keepLogs(dataDir);
  if (held) rmSync(dataDir, { recursive: true, force: true });
  else say(`Its logs and reports are in ${dataDir}.`);
}
process.exit(held ? 0 : 1);
