import { parseMessages } from '../../src/db/ledger-message.ts';
import type { Queryable } from '../../src/db/pool.ts';
import { WINDOW_LENGTH } from '../../src/domain/window.ts';
import type { Ledger, LedgerDay } from '../../src/ports/ledger.ts';

/** The layout that was not chosen, written as well as we could, so that the comparison is a fair one. */
export const ROW_A_DAY_SCHEMA = `
  create table ledger_row_a_day (
    connection_id uuid not null, date date not null, count int not null check (count > 0),
    primary key (connection_id, date)
  ) with (fillfactor = 90)`;

const ONE_WINDOW = `
  select id, coalesce(string_agg((date - $2::date) || ':' || count, ',' order by date), '') as days
  from unnest($1::uuid[]) as id
  left join ledger_row_a_day on connection_id = id and date between $2 and $3 group by id`;

export const rowADay: Ledger<Queryable> = {
  async digests(tx, connectionIds, window) {
    const { rows } = await tx.query<[string, string]>({
      rowMode: 'array',
      text: `select id, md5(days) from (${ONE_WINDOW}) as one`,
      values: [connectionIds, window.from, window.to],
    });
    return new Map(rows);
  },

  async windows(tx, connectionIds, window) {
    const { rows } = await tx.query<[string, string]>({
      rowMode: 'array',
      text: ONE_WINDOW,
      values: [connectionIds, window.from, window.to],
    });
    return new Map(rows.map(([id, days]) => [id, expand(days)]));
  },

  async put(tx, messages) {
    const set: [string[], string[], number[]] = [[], [], []];
    const removed: [string[], string[]] = [[], []];
    for (const { connectionId, days } of parseMessages(messages)) {
      for (const { date, count } of days) {
        const [ids, dates] = count > 0 ? set : removed;
        ids.push(connectionId);
        dates.push(date);
        if (count > 0) set[2].push(count);
      }
    }
    if (set[0].length > 0) {
      await tx.query(
        `insert into ledger_row_a_day select * from unnest($1::uuid[], $2::date[], $3::int[])
         on conflict (connection_id, date) do update set count = excluded.count`,
        set,
      );
    }
    if (removed[0].length > 0) {
      await tx.query(
        `delete from ledger_row_a_day using unnest($1::uuid[], $2::date[]) as gone (id, day)
         where connection_id = id and date = day`,
        removed,
      );
    }
    return { items: set[0].length + removed[0].length };
  },

  async read(tx, connectionIds, from, to) {
    const { rows } = await tx.query<LedgerDay>(
      `select connection_id as "connectionId", date::text as date, count from ledger_row_a_day
       where connection_id = any ($1::uuid[]) and date between $2 and $3 order by connection_id, ledger_row_a_day.date`,
      [connectionIds, from, to],
    );
    return rows;
  },

  async remove(tx, connectionIds) {
    const { rowCount } = await tx.query('delete from ledger_row_a_day where connection_id = any ($1::uuid[])', [
      connectionIds,
    ]);
    return { items: rowCount ?? 0 };
  },

  async left(tx, connectionIds) {
    return (await rowADay.read(tx, connectionIds, '0100-01-01', '9999-12-31')).length;
  },
};

function expand(days: string): Int32Array {
  const counts = new Int32Array(WINDOW_LENGTH);
  for (const day of days === '' ? [] : days.split(',')) {
    const [at, count] = day.split(':');
    counts[Number(at)] = Number(count);
  }
  return counts;
}

/** What `digests` has of a window in this layout. */
export function sparseText(counts: Int32Array): string {
  return Array.from(counts, (count, at) => (count > 0 ? `${at}:${count}` : ''))
    .filter(Boolean)
    .join(',');
}
