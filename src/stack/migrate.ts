import { loadCliConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { prepareApplicationRole } from '../db/roles.ts';

/**
 * `npm run migrate`: brings the database that DATABASE_URL names up to date, for those who do not start with `npm start`,
 * which does so by itself; as the role of MIGRATE_DATABASE_URL, where that is set: then the tables are that role's, and the
 * role of DATABASE_URL gets what the application needs. Run it before the API and the worker of a new release; both may go on running meanwhile.
 */
async function main(): Promise<void> {
  const { DATABASE_URL: url, MIGRATE_DATABASE_URL: ownerUrl = url } = loadCliConfig();
  if (!url || !ownerUrl) throw new Error('DATABASE_URL names no database.');
  const applied = await migrate(ownerUrl);
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  if (ownerUrl !== url) await prepareApplicationRole(ownerUrl, url);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
