import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../src/stack/cache.ts';
import { startPostgres } from '../../src/stack/postgres.ts';
import { findTemporalBinary, startTemporal } from '../../src/stack/temporal.ts';
import { createTemplate, withDatabase } from './database.ts';
import { keepServers } from './servers.ts';

/** One PostgreSQL and one Temporal server for all test files; their addresses go to the files by environment. */
export default async function globalSetup(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'uc-test-'));
  const [postgres, temporal] = await Promise.all([preparePostgres(dataDir), prepareTemporal(dataDir)]);
  keepServers({ dataDir, postgres, temporal });
  process.env['TEST_TEMPORAL_ADDRESS'] = temporal.address;
}

async function preparePostgres(dataDir: string) {
  const postgres = await startPostgres({ dataDir, log, durable: false });
  process.env['TEST_DATABASE_URL'] = withDatabase(postgres.url, 'postgres');
  const migrations = join(process.cwd(), 'src', 'db', 'migrate.ts');
  await createTemplate(existsSync(migrations) ? (await import('../../src/db/migrate.ts')).migrate : undefined);
  return postgres;
}

async function prepareTemporal(dataDir: string) {
  const binary = await findTemporalBinary({ cacheDir: cacheFolder(), log });
  return startTemporal({ binary, namespace: 'default', dataDir, log });
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
