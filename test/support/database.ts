import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { keepTables } from './keep-tables.ts';

const TEMPLATE = 'uc_template';

export type TestDatabase = { url: string; drop(): Promise<void> };

/** A migrated, empty database of one test file's own. `drop` throws when a connection to it is still open. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `uc_${process.pid}_${randomBytes(4).toString('hex')}`;
  // FILE_COPY would checkpoint the whole server; WAL_LOG copies a small template quicker.
  await asAdmin((admin) => admin.query(`create database ${name} template ${TEMPLATE} strategy wal_log`));
  const url = withDatabase(adminUrl(), name);
  return {
    url,
    async drop() {
      await keepTables(url);
      await asAdmin((admin) => drop(admin, name));
    },
  };
}

/** Makes the template once for all test files; an empty one while there are no migrations. */
export async function createTemplate(migrate: ((url: string) => Promise<unknown>) | undefined): Promise<void> {
  await asAdmin((admin) => admin.query(`create database ${TEMPLATE}`));
  await migrate?.(withDatabase(adminUrl(), TEMPLATE));
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function drop(admin: Client, name: string): Promise<void> {
  const open = await openConnections(admin, name);
  await admin.query(`drop database ${name} with (force)`);
  if (open.length > 0) throw new Error(`connections to ${name} were left open; last statements: ${open.join(' | ')}`);
}

// A backend outlives its client's goodbye by a moment: only one that stays is a leak.
async function openConnections(admin: Client, name: string): Promise<string[]> {
  const deadline = Date.now() + 2_000;
  for (;;) {
    const { rows } = await admin.query<{ query: string }>(
      'select query from pg_stat_activity where datname = $1 and backend_type = $2',
      [name, 'client backend'],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.query);
    await admin.query('select pg_sleep(0.01)');
  }
}

async function asAdmin(act: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: adminUrl() });
  await admin.connect();
  try {
    await act(admin);
  } finally {
    await admin.end();
  }
}

function adminUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (!url) throw new Error('TEST_DATABASE_URL is not set: run this file with "npm test", which starts PostgreSQL');
  return url;
}
