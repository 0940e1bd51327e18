import { Client } from 'pg';
import { keepsArtifacts, keepText } from '../../demo/artifacts.ts';

/** More of one kind show nothing new. */
const ROWS = 5000;

/** What a test wrote into its database, before it is dropped: each row as JSON. */
export async function keepTables(url: string): Promise<void> {
  if (!keepsArtifacts()) return;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(
        `select to_jsonb(t)::text as row from ${client.escapeIdentifier(name)} t limit ${ROWS}`,
      );
      texts.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    keepText('tables', new URL(url).pathname.slice(1), texts.join('\n'));
  } finally {
    await client.end();
  }
}
