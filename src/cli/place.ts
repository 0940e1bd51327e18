import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { CliConfig } from '../config.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, misused } from './failure.ts';

// What `npm start` leaves in its data folder while it runs, and of the demo that it seeded.
const addresses = z.object({ apiUrl: z.string(), databaseUrl: z.string(), temporalAddress: z.string().optional() });
const secrets = z.object({ TOKEN_KEYS: z.string(), AUDIT_KEYS: z.string() });
const demo = z.object({ operator: z.string() });

export interface ApiPlace {
  url: string;
  token: string;
}

/** The API that the settings name, else that of the stack that runs on the data folder. @throws Failure */
export function findApi({ UC_API_URL, UC_API_TOKEN, DATA_DIR }: CliConfig): ApiPlace {
  const url = UC_API_URL ?? readJson(DATA_DIR, 'addresses.json', addresses)?.apiUrl;
  if (url === undefined) throw nothingRuns(DATA_DIR, 'set UC_API_URL and UC_API_TOKEN');
  // The demo's token is good at its own stack, and is sent nowhere else.
  const own = UC_API_URL === undefined ? readJson(DATA_DIR, 'demo.json', demo)?.operator : undefined;
  const token = UC_API_TOKEN ?? own;
  if (token !== undefined) return { url, token };
  throw misused(
    'No API token is set.',
    'set UC_API_TOKEN; "tokens create operator" makes one where the database can be reached.',
  );
}

/** The database that the settings name, else that of the stack that runs on the data folder. @throws Failure */
export function findDatabase({ DATABASE_URL, DATA_DIR }: CliConfig): string {
  const url = DATABASE_URL ?? readJson(DATA_DIR, 'addresses.json', addresses)?.databaseUrl;
  if (url === undefined) throw nothingRuns(DATA_DIR, 'set DATABASE_URL');
  return url;
}

/** The environment of a client of the Temporal that the settings name, else of the stack's. @throws Failure */
export function findTemporal({ DATA_DIR }: CliConfig, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE']) return env;
  const address = readJson(DATA_DIR, 'addresses.json', addresses)?.temporalAddress;
  if (address === undefined) throw nothingRuns(DATA_DIR, 'set TEMPORAL_ADDRESS');
  return { ...env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: 'default' };
}

/** Keys that the settings name, else those of the data folder, which fit its own database alone. @throws Failure */
export function findKeys(name: 'TOKEN_KEYS' | 'AUDIT_KEYS', config: CliConfig): string {
  const own = config.DATABASE_URL === undefined ? readJson(config.DATA_DIR, 'secrets.json', secrets) : undefined;
  const keys = config[name] ?? own?.[name];
  if (keys !== undefined) return keys;
  throw misused(`${name} is not set.`, `set it, or ${name}_FILE, to what the worker has.`);
}

function nothingRuns(dataDir: string, otherwise: string): Failure {
  return new Failure(EXIT.unreachable, {
    title: `Nothing runs on the data folder ${resolve(dataDir)}.`,
    advice: `start it with "npm start", name its folder in DATA_DIR, or ${otherwise} for one that runs elsewhere.`,
  });
}

function readJson<Shape extends z.ZodType>(folder: string, name: string, schema: Shape): z.output<Shape> | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
  } catch {
    return undefined;
  }
}
