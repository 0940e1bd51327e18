import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { loadConfig, type Config } from '../../src/config.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import type { TokenCipher } from '../../src/ports/token-cipher.ts';
import { StackProblem } from '../../src/stack/problem.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import type { Say } from '../measured.ts';
import { startSource, type Source } from './source.ts';

/** The real servers and programs that are measured, and what the measuring itself needs. */
export interface Setting {
  stack: Stack;
  source: Source;
  pool: Pool;
  client: Client;
  cipher: TokenCipher;
  /** What the API and the worker run with. */
  config: Config;
  /** The same for a program that is started beside them. */
  env: Record<string, string>;
}

/** The settings are the product's own, but for runs by the clock: they start when this program says so. */
const SETTINGS = {
  SYNC_EVERY: '365d',
  SYNC_JITTER: '1ms',
  LOG_LEVEL: 'warn',
  ALLOW_HTTP_LOOPBACK: 'true',
  // One client looks at the receipts of everybody.
  RATE_LIMIT_FACTOR: '1000',
};

/** Starts everything in a folder of its own, which stays for its logs when something fails. */
export async function inSetting<Result>(say: Say, work: (setting: Setting) => Promise<Result>): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), 'unified-contributions-bench-'));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const { signal } = interrupted;
  try {
    const stack = await startStack({ dataDir, env: SETTINGS, parts: ['api', 'worker'], log: say, signal });
    const broken = Promise.race([stack.failed, aborted(signal)]).then((problem) => Promise.reject(problem));
    try {
      const result = await Promise.race([withSource(dataDir, stack, work), broken]);
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
      return result;
    } finally {
      await stack.stop();
    }
  } catch (error) {
    say(`It broke off; the logs are in ${join(dataDir, 'logs')}.`);
    throw error;
  }
}

async function withSource<Result>(
  dataDir: string,
  stack: Stack,
  work: (setting: Setting) => Promise<Result>,
): Promise<Result> {
  const source = await startSource(dataDir);
  const pool = createPool({ url: stack.ownerUrl, max: 4, applicationName: 'bench' });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const env = { ...SETTINGS, DATABASE_URL: stack.databaseUrl, TOKEN_KEYS: stack.secrets.TOKEN_KEYS };
  try {
    return await work({
      stack,
      source,
      pool,
      client: new Client({ connection }),
      cipher: createTokenCipher(stack.secrets.TOKEN_KEYS),
      config: loadConfig({ ...process.env, ...env }),
      env,
    });
  } finally {
    await Promise.all([pool.end(), connection.close(), source.stop()]);
  }
}

function aborted(signal: AbortSignal): Promise<StackProblem> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(new StackProblem('Stopped.')), { once: true });
  });
}
