import type { Pool } from '../../src/db/pool.ts';
import { ledger } from '../../src/db/ledger.ts';
import { connectionIds, history, message, pages } from './population.ts';
import type { Scenario } from './measure.ts';

const SAME = 'counts';
const ZEROS = `string_to_array(array_to_string(counts, ',', '0'), ',')::int[]`;

/** Each is the array layout with one thing changed. */
const ENCODINGS = {
  'null for none, fillfactor 85': { counts: SAME, options: 'fillfactor = 85' },
  'null for none, fillfactor 100': { counts: SAME, options: 'fillfactor = 100' },
  'zero for none': { counts: ZEROS, options: 'fillfactor = 85' },
};

/** Sizes, and the WAL of hours in which 5% changed one day, of other ways to write the same array. */
export async function encodings(pool: Pool, scenario: Scenario): Promise<Record<string, Record<string, number>>> {
  const { users, historyDays, today } = scenario;
  await pool.query('truncate ledger');
  const messages = connectionIds(users).map((id) => message(id, history(id, today, historyDays, 0)));
  for (const batch of pages(messages, 200)) await ledger.put(pool, batch);
  const columns: Record<string, Record<string, number>> = {};
  for (const [name, { counts, options }] of Object.entries(ENCODINGS)) {
    await pool.query(`
      create table other (connection_id uuid, year smallint, counts int[] storage main, primary key (connection_id, year))
      with (${options})`);
    await pool.query(
      `insert into other select connection_id, year, ${counts} from ledger order by connection_id, year`,
    );
    await pool.query('vacuum analyze other');
    const { rows } = await pool.query<{ bytes: number }>(`select pg_total_relation_size('other') as bytes`);
    columns[name] = {
      'bytes a user': rows[0]!.bytes / users,
      'hour with 5% changed: WAL bytes a changed day': await changedHours(pool, Number(today.slice(0, 4))),
    };
    await pool.query('drop table other');
  }
  return columns;
}

async function changedHours(pool: Pool, year: number): Promise<number> {
  let [wal, changed] = [0, 0];
  for (let hour = 0; hour < 4; hour += 1) {
    await pool.query('checkpoint');
    const before = await lsn(pool);
    const { rowCount } = await pool.query(
      'update other set counts[319] = 100 + $1 where year = $2 and hashtext(connection_id::text) & 15 = $1',
      [hour, year],
    );
    wal += (await lsn(pool)) - before;
    changed += rowCount ?? 0;
  }
  return wal / changed;
}

async function lsn(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ at: string }>(`select pg_current_wal_lsn() - '0/0'::pg_lsn as at`);
  return Number(rows[0]!.at);
}
