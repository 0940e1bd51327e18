import type { Client } from '@temporalio/client';
import { loadCliConfig, loadRepairConfig, type RepairConfig } from '../config.ts';
import type { Pool } from '../db/pool.ts';
import { createApi, type Api } from './api.ts';
import { withDatabase } from './database.ts';
import type { Edge } from './edge.ts';
import { findApi, findDatabase, findKeys, findTemporal } from './place.ts';
import { readSecret } from './secret.ts';
import { withTemporal } from './temporal.ts';

/** What a command works with; settings are looked at when they are needed, so that help needs none. */
export interface Session {
  /** @throws Failure */
  api: () => Api;
  /** @throws Failure */
  database: <T>(work: (pool: Pool) => Promise<T>) => Promise<T>;
  /** Both stores, with the settings of the API and the worker. @throws Failure */
  bothStores: <T>(work: (stores: { pool: Pool; client: Client; config: RepairConfig }) => Promise<T>) => Promise<T>;
  /** The database and its keys. @throws Failure */
  keyed: <T>(name: 'TOKEN_KEYS' | 'AUDIT_KEYS', work: (pool: Pool, keys: string) => Promise<T>) => Promise<T>;
  /** @throws Failure */
  secret: (path: string) => Promise<string>;
  /** Prints the answer as JSON where that was asked for, else what `human` makes of it. */
  show: (answer: unknown, human: () => string) => void;
  /** Prints lines as they are, whatever was asked for. */
  print: (lines: string[]) => void;
}

export function createSession(edge: Edge, asJson: () => boolean): Session {
  return {
    api: () => createApi(findApi(loadCliConfig(edge.env))),
    database: (work) => withDatabase(findDatabase(loadCliConfig(edge.env)), work),
    bothStores: (work) => {
      const place = loadCliConfig(edge.env);
      const config = loadRepairConfig(edge.env);
      return withTemporal(findTemporal(place, edge.env), (client) =>
        withDatabase(findDatabase(place), (pool) => work({ pool, client, config })),
      );
    },
    keyed: (name, work) => {
      const place = loadCliConfig(edge.env);
      const keys = findKeys(name, place);
      return withDatabase(findDatabase(place), (pool) => work(pool, keys));
    },
    secret: (path) => readSecret(edge, path),
    show: (answer, human) => edge.out(asJson() ? `${JSON.stringify(answer, null, 2)}\n` : human()),
    print: (lines) => edge.out(lines.map((line) => `${line}\n`).join('')),
  };
}
