import { loadCliConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';

/**
 * `npm run migrate`: brings the database that DATABASE_URL names up to date, for those who do not start with `npm start`,
 * which does so by itself. Run it before the API and the worker of a new release; both may go on running meanwhile.
 */
async function main(): Promise<void> {
  const { DATABASE_URL: url } = loadCliConfig();
  if (!url) throw new Error('DATABASE_URL names no database.');
  const applied = await migrate(url);
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
