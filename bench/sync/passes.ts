import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../../src/db/pool.ts';
import type { Population } from './population.ts';
import type { Setting } from './setting.ts';
import type { Side } from './sides.ts';
import { verifyLedger } from './verify.ts';

/** What an hour finds: how much of the source differs from the ledger. */
export interface Mix {
  name: string;
  prepare(setting: Pick<Setting, 'pool' | 'source'>): Promise<unknown>;
}

/** The first fills the ledger for the others. */
export const MIXES: readonly Mix[] = [
  { name: 'all-new', prepare: ({ pool }) => pool.query('truncate ledger') },
  { name: '5-percent-changed', prepare: ({ source }) => source.changes(0.05) },
  { name: 'nothing-changed', prepare: () => Promise.resolve() },
];

/** Far more than the slowest: something is broken then, and would be tried again for ever. */
const PASS_LIMIT_MS = 5 * 60_000;

/** One pass of one side over everybody, verified. @returns its milliseconds */
export async function timedPass(setting: Setting, side: Side, mix: Mix, population: Population): Promise<number> {
  const { pool, source } = setting;
  await mix.prepare(setting);
  await settle(pool);
  const requests = await source.requests();
  const began = performance.now();
  await within(PASS_LIMIT_MS, side.sync(population.instanceId));
  const ms = performance.now() - began;
  const asked = (await source.requests()) - requests;
  if (asked !== population.developers.length) throw new Error(`The source was asked ${asked} times.`);
  await verifyLedger(pool, source, population.developers);
  return ms;
}

async function within(limitMs: number, pass: Promise<void>): Promise<void> {
  const limit = new AbortController();
  const late = delay(limitMs, true, { signal: limit.signal }).catch(() => false);
  try {
    if (await Promise.race([pass, late])) throw new Error(`A pass was not over after ${limitMs / 1000} s.`);
  } finally {
    limit.abort();
  }
}

/** What one pass left for later, dead rows and unwritten pages, is not the next one's to pay. */
async function settle(pool: Pool): Promise<void> {
  await pool.query('vacuum analyze ledger, connection, sync_page');
  await pool.query('checkpoint');
}
