import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, ledger } from '../../src/db/ledger.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { startPostgres } from '../../src/stack/postgres.ts';
import type { Measured, Options, Say } from '../measured.ts';
import { encodings } from './encodings.ts';
import { measure, type Layout } from './measure.ts';
import { ROW_A_DAY_SCHEMA, rowADay, sparseText } from './row-a-day.ts';
import { validation } from './validation.ts';

/** A line a property, a column a layout. */
type Table = Record<string, Record<string, number>>;

const layouts: Layout[] = [
  {
    name: 'row a day',
    table: 'ledger_row_a_day',
    ledger: rowADay,
    digestOf: (counts) => hash('md5', sparseText(counts)),
  },
  { name: 'array a year', table: 'ledger', ledger, digestOf },
];

/** The two layouts of the ledger side by side, on a PostgreSQL of their own. It compares and has no goal. */
export async function measureLedger(options: Options, say: Say): Promise<Measured> {
  const dataDir = mkdtempSync(join(tmpdir(), 'unified-contributions-bench-'));
  const postgres = await startPostgres({ dataDir, log: say });
  try {
    await migrate(postgres.url);
    const pool = createPool({ url: postgres.url, max: 2, applicationName: 'bench' });
    await pool.query(ROW_A_DAY_SCHEMA);
    const tables = await compare(pool, options, say);
    await pool.end();
    return { figures: [], detail: { tables } };
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function compare(pool: Pool, options: Options, say: Say): Promise<Record<string, Table>> {
  const { users, today } = options;
  const tables: Record<string, Table> = {};
  const keep = (title: string, table: Table) => {
    tables[title] = table;
    say(`\n${title}\n${markdown(table)}`);
  };
  for (const historyDays of options.history) {
    const columns: Table = {};
    for (const layout of layouts) {
      await pool.query(`truncate ${layout.table}`);
      columns[layout.name] = await measure(pool, layout, { users, historyDays, today });
    }
    const scenario = `${users} users, ${historyDays} days of history, today ${today}`;
    keep(scenario, columns);
    keep(`${scenario}: arrays of other kinds`, await encodings(pool, { users, historyDays, today }));
  }
  keep('validation of a page of 500 messages', await validation(pool));
  return tables;
}

function markdown(columns: Table): string {
  const names = Object.keys(columns);
  const lines = [`| | ${names.join(' | ')} |`, `| --- |${' ---: |'.repeat(names.length)}`];
  for (const row of Object.keys(columns[names[0]!]!)) {
    const cells = names.map((name) => columns[name]![row]!.toLocaleString('en', { maximumSignificantDigits: 3 }));
    lines.push(`| ${row} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
