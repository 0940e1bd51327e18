import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../db/migrate.ts';
import { prepareApplicationRole } from '../db/roles.ts';
import { cacheFolder } from './cache.ts';
import type { Crew } from './crew.ts';
import { assertDatabaseAnswers, findExternalTemporal, namesTemporal } from './external.ts';
import { startPostgres } from './postgres.ts';
import { type Log, StackProblem } from './problem.ts';
import { findTemporalBinary, startTemporal } from './temporal.ts';

type ServerOptions = { dataDir: string; log: Log; crew: Crew };

type DatabaseOptions = ServerOptions & { port: number; durable: boolean };

/** A database that is up to date, as its owner and as the application; one role may be both where it is not ours. */
export type DatabasePlace = { ownerUrl: string; url: string };

/** The one that DATABASE_URL names, else the embedded one. */
export async function findOrStartDatabase(options: DatabaseOptions): Promise<DatabasePlace> {
  const { ownerUrl, url } = (await externalDatabase()) ?? (await embeddedDatabase(options));
  try {
    await migrate(ownerUrl);
    if (ownerUrl !== url) await prepareApplicationRole(ownerUrl, url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StackProblem(`The database could not be brought up to date (${reason}): put that right and start again.`);
  }
  return { ownerUrl, url };
}

async function externalDatabase(): Promise<DatabasePlace | undefined> {
  const url = process.env['DATABASE_URL'];
  if (!url) return undefined;
  const ownerUrl = process.env['MIGRATE_DATABASE_URL'] || url;
  await assertDatabaseAnswers(ownerUrl);
  return { ownerUrl, url };
}

async function embeddedDatabase({ dataDir, log, crew, port, durable }: DatabaseOptions): Promise<DatabasePlace> {
  const { url, applicationUrl } = crew.addServer(await startPostgres({ dataDir, port, log, durable }));
  return { ownerUrl: url, url: applicationUrl };
}

/** `env` is what a client's environment needs to find the server, by `@temporalio/envconfig`. */
export type TemporalPlace = { address: string; ui: string | undefined; env: NodeJS.ProcessEnv };

type TemporalPlaceOptions = ServerOptions & { port: number; uiPort: number };

/** The server that the environment names, else the embedded one. */
export async function findOrStartTemporal({
  dataDir,
  log,
  crew,
  port,
  uiPort,
}: TemporalPlaceOptions): Promise<TemporalPlace> {
  if (namesTemporal(process.env)) return { address: await findExternalTemporal(process.env), ui: undefined, env: {} };
  const binary = await findTemporalBinary({ cacheDir: cacheFolder(), log });
  const folder = join(dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const dbFile = join(folder, 'temporal.db');
  const server = crew.addServer(
    await startTemporal({ binary, dbFile, port, uiPort, namespace: 'default', dataDir, log }),
  );
  // The person's own client profile, with its certificates and keys, is not for this server.
  const profiles = join(folder, 'client.toml');
  writeFileSync(profiles, '[profile.default]\n');
  const env = { TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: 'default', TEMPORAL_CONFIG_FILE: profiles };
  return { address: server.address, ui: server.uiAddress, env };
}
