import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOf, ledger } from '../../src/db/ledger.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { startPostgres } from '../../src/stack/postgres.ts';
import { encodings } from './encodings.ts';
import { measure, type Layout } from './measure.ts';
import { ROW_A_DAY_SCHEMA, rowADay, sparseText } from './row-a-day.ts';
import { validation } from './validation.ts';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '20000' },
    // a window within one year; 2028-01-31 is one that straddles
    today: { type: 'string', default: '2027-11-15' },
    history: { type: 'string', default: '90,365' },
  },
});
const users = Number(values.users);

const layouts: Layout[] = [
  {
    name: 'row a day',
    table: 'ledger_row_a_day',
    ledger: rowADay,
    digestOf: (counts) => hash('md5', sparseText(counts)),
  },
  { name: 'array a year', table: 'ledger', ledger, digestOf },
];

async function compare(pool: Pool): Promise<void> {
  for (const historyDays of values.history.split(',').map(Number)) {
    const columns: Record<string, Record<string, number>> = {};
    for (const layout of layouts) {
      await pool.query(`truncate ${layout.table}`);
      columns[layout.name] = await measure(pool, layout, { users, historyDays, today: values.today });
    }
    print(`${users} users, ${historyDays} days of history, today ${values.today}`, columns);
    print(`the same as arrays of other kinds`, await encodings(pool, { users, historyDays, today: values.today }));
  }
  print('validation of a page of 500 messages', await validation(pool));
}

function print(title: string, columns: Record<string, Record<string, number>>): void {
  const names = Object.keys(columns);
  console.log(`\n${title}\n| | ${names.join(' | ')} |\n| --- |${' ---: |'.repeat(names.length)}`);
  for (const row of Object.keys(columns[names[0]!]!)) {
    const cells = names.map((name) => columns[name]![row]!.toLocaleString('en', { maximumSignificantDigits: 3 }));
    console.log(`| ${row} | ${cells.join(' | ')} |`);
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'uc-bench-ledger-'));
const postgres = await startPostgres({ dataDir, log: (line) => console.error(line) });
try {
  await migrate(postgres.url);
  const pool = createPool({ url: postgres.url, max: 2, applicationName: 'bench' });
  await pool.query(ROW_A_DAY_SCHEMA);
  await compare(pool);
  await pool.end();
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
