import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Queryable } from './pool.ts';

const dir = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Applies every migration that the database does not have, each in its own transaction, under node-pg-migrate's
 * advisory lock, so that several processes may call it at once. Roll-forward only.
 *
 * @returns the names of the migrations that were applied now
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const applied = await runner({
    databaseUrl,
    dir,
    direction: 'up',
    migrationsTable: 'migration',
    singleTransaction: false,
    // Its own default is to fail while another process migrates.
    advisoryLockMode: 'wait',
    verbose: false,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  return applied.map((migration) => migration.name);
}

/** Whether the database has every migration of this release. @throws where it has none at all */
export async function isMigrated(db: Queryable): Promise<boolean> {
  const names = readdirSync(dir).map((file) => file.replace(/\.sql$/, ''));
  const { rowCount } = await db.query('select 1 from migration where name = any($1)', [names]);
  return rowCount === names.length;
}
