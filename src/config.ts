import { readFileSync } from 'node:fs';
import { z } from 'zod';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `90d`, `24h`, `5m`, `30s`, `250ms`, as milliseconds. */
const duration = (fallback: number) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, 'is a number with a unit: 250ms, 30s, 5m, 24h or 90d')
    .transform(millisecondsOf)
    .default(fallback);

function millisecondsOf(text: string): number {
  const [, amount, unit] = /^(\d+)(\D+)$/.exec(text)!;
  return Number(amount) * { ms: 1, s: 1000, m: 60_000, h: HOUR, d: DAY }[unit as 'ms' | 's' | 'm' | 'h' | 'd'];
}

/** So many in so long. */
export interface Rate {
  count: number;
  ms: number;
}

const whole = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

/** `60/1m`: so many in so long. */
const rate = (fallback: Rate) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,8}(ms|s|m|h|d)$/, 'is a number in a time: 60/1m')
    .transform((text): Rate => {
      const [count, time] = text.split('/');
      return { count: Number(count), ms: millisecondsOf(time!) };
    })
    .default(fallback);
const MINUTE = 60_000;

/** Networks and addresses, separated by commas. */
const proxies = z
  .string()
  .transform((text) => (text === '' ? [] : text.split(',').map((one) => one.trim())))
  .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'is no address and no network')))
  .default([]);

function isOrigin(text: string): boolean {
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return (protocol === 'https:' || isLocal) && pathname === '/' && search === '' && hash === '';
}

const keys = z
  .string()
  .regex(
    /^[\w-]+:[A-Za-z0-9+/=]{44}(,[\w-]+:[A-Za-z0-9+/=]{44})*$/,
    'is "<id>:<32 bytes in base64>", newest first, separated by commas',
  )
  .refine((text) => !/:A{43}=/.test(text), 'is no key but 32 zeros: make one with "openssl rand -base64 32"');

const settings = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(3000, 0, 65535),
  MAX_CONNECTIONS: whole(2000, 1, 100_000),
  TRUSTED_PROXIES: proxies,
  RATE_LIMIT_READ: rate({ count: 300, ms: MINUTE }),
  RATE_LIMIT_WRITE: rate({ count: 60, ms: MINUTE }),
  RATE_LIMIT_COSTLY: rate({ count: 20, ms: MINUTE }),
  RATE_LIMIT_REQUEST: rate({ count: 10, ms: HOUR }),
  RATE_LIMIT_REMOVAL: rate({ count: 120, ms: MINUTE }),
  RATE_LIMIT_PUBLIC: rate({ count: 300, ms: MINUTE }),
  RATE_LIMIT_SIGN_IN: rate({ count: 60, ms: MINUTE }),
  RATE_LIMIT_GUESS: rate({ count: 30, ms: MINUTE }),
  RATE_LIMIT_FACTOR: whole(1, 1, 1_000_000),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  TOKEN_KEYS: keys,
  /** Where browsers find the API: an origin, of which sign-in comes back to and requests with a session come from. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine(isOrigin, 'is an origin: https://name, or plain http on a loopback address')
    .transform((url) => new URL(url).origin)
    .optional(),
  GITHUB_URL: z.url().default('https://github.com'),
  GITHUB_API_URL: z.url().default('https://api.github.com'),
  GITHUB_CLIENT_ID: z.string().optional(),
  GITHUB_CLIENT_SECRET: z.string().optional(),
  STAFF_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  STAFF_CLIENT_ID: z.string().optional(),
  STAFF_CLIENT_SECRET: z.string().optional(),
  STAFF_CLAIM: z
    .string()
    .regex(/^[\w:/.-]+=.+$/, 'is <claim>=<value>')
    .optional(),
  SESSION_IDLE: duration(30 * 60_000),
  SESSION_LIFE: duration(8 * HOUR),
  STAFF_SESSION_LIFE: duration(15 * 60_000),
  CONNECT_BY_TOKEN: flag,
  ALLOW_HTTP_LOOPBACK: flag,
  INSTRUCTIONS_URL: z.string().default('/docs/enabling'),
  DESTINATION_NAME: z.string().min(1).max(80).default('Unified Contributions'),
  TASK_QUEUE_PEOPLE: z.string().default('people'),
  TASK_QUEUE_SYNC: z.string().default('sync'),
  SYNC_SCHEDULE_ID: z.string().default('contribution-sync'),
  SYNC_EVERY: duration(HOUR),
  SYNC_JITTER: duration(60_000),
  SYNC_PAGE_SIZE: whole(500, 1, 1000),
  SYNC_BUCKETS: whole(2, 1, 64),
  SYNC_CONCURRENCY: whole(32, 1, 256),
  SYNC_DEADLINE: duration(55 * 60_000),
  RESTORE_WINDOW: duration(90 * DAY),
  UPDATE_NOW_EVERY: duration(5 * 60_000),
  GRACE_TOKEN: duration(7 * DAY),
  GRACE_OBSERVED: duration(24 * HOUR),
  GRACE_SIGHTINGS: whole(3, 1, 1000),
  CONNECT_GRACE: duration(24 * HOUR),
  CONNECT_LOOKS: whole(3, 1, 1000),
  PUBLIC_CACHE: duration(300_000),
  REQUEST_EXPIRY: duration(30 * DAY),
  REQUEST_CONTACT_DUE: z
    .string()
    .regex(/^\d+(bd|ms|s|m|h|d)$/, 'is 2bd (business days) or a duration')
    .default('2bd'),
  REQUEST_REMIND_EVERY: duration(DAY),
  REQUEST_REMINDERS: whole(3, 0, 100),
  REQUEST_ESCALATE_AFTER: duration(DAY),
  REQUEST_ESCALATIONS: whole(3, 0, 100),
  NUDGE_EVERY: duration(4 * HOUR),
  HOLIDAYS: z
    .string()
    .regex(/^(\d{4}-\d{2}-\d{2}(,\d{4}-\d{2}-\d{2})*)?$/)
    .default('')
    .transform((text) => (text ? text.split(',') : [])),
  SWEEP_EVERY: duration(5000),
});
export type Config = z.output<typeof settings>;

/** The only reader of the environment. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return load(settings, env);
}

// The API seals nothing: what it cannot read it cannot lose.
const sealerSettings = z.object({ AUDIT_KEYS: keys, AUDIT_ANCHOR_FILE: z.string().optional() });
export type SealerConfig = z.output<typeof sealerSettings>;

/** What the worker needs beside: the keys that audit records are sealed with, and where their head is exported. */
export function loadSealerConfig(env: NodeJS.ProcessEnv = process.env): SealerConfig {
  return load(sealerSettings, env);
}

const cliSettings = z.object({
  UC_API_URL: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  UC_API_TOKEN: z
    .string()
    .regex(/^uc_[\w-]{43}$/, 'is not an API token, which begins with uc_')
    .optional(),
  DATABASE_URL: settings.shape.DATABASE_URL.optional(),
  MIGRATE_DATABASE_URL: settings.shape.DATABASE_URL.optional(),
  TOKEN_KEYS: keys.optional(),
  AUDIT_KEYS: keys.optional(),
  DATA_DIR: z.string().default('.data'),
});
export type CliConfig = z.output<typeof cliSettings>;

/** The operators' CLI reads where its API and its database are, and keys for the commands that are about them. */
export function loadCliConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return load(cliSettings, env);
}

const repairSettings = settings.pick({
  TASK_QUEUE_PEOPLE: true,
  TASK_QUEUE_SYNC: true,
  RESTORE_WINDOW: true,
  PUBLIC_CACHE: true,
  HOLIDAYS: true,
  INSTRUCTIONS_URL: true,
  NUDGE_EVERY: true,
  REQUEST_EXPIRY: true,
  REQUEST_CONTACT_DUE: true,
  REQUEST_REMIND_EVERY: true,
  REQUEST_REMINDERS: true,
  REQUEST_ESCALATE_AFTER: true,
  REQUEST_ESCALATIONS: true,
});
export type RepairConfig = z.output<typeof repairSettings>;

/** What a repair has to know as the API and the worker do: queues, and what people are promised. */
export function loadRepairConfig(env: NodeJS.ProcessEnv = process.env): RepairConfig {
  return load(repairSettings, env);
}

/** Its message names what is wrong and repeats no value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** `NAME_FILE` names a file that holds the value of `NAME`. */
function load<Shape extends z.ZodObject>(schema: Shape, env: NodeJS.ProcessEnv): z.output<Shape> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const file = env[`${name}_FILE`];
    const value = file ? readFrom(file, name) : env[name];
    if (value !== undefined && value !== '') values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new SettingsError(`These settings are missing or wrong (see .env.example):\n${problems.join('\n')}`);
}

function readFrom(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingsError(
      `${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}
