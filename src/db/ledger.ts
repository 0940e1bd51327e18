import { hash } from 'node:crypto';
import type { Day } from '../domain/dates.ts';
import type { Window } from '../domain/window.ts';
import type { Ledger, LedgerDay } from '../ports/ledger.ts';
import { dayOfYear, parseMessages, yearChanges } from './ledger-message.ts';
import type { Queryable } from './pool.ts';

/**
 * Equal for equal windows, here and in `digests`: MD5 of the counts joined by commas, nothing written for a zero. It
 * tells accidents apart, not forgeries: a source that lies can lie with its counts at once.
 */
export function digestOf(counts: Int32Array): string {
  let text = counts[0] ? String(counts[0]) : '';
  for (let at = 1; at < counts.length; at += 1) text += counts[at] ? `,${counts[at]}` : ',';
  return hash('md5', text);
}

/** The profile side on PostgreSQL, one row a connection and year (docs/decisions/002-ledger-layout.md). */
export const ledger: Ledger<Queryable> = {
  async digests(tx, connectionIds, window) {
    return new Map(await windowTexts(tx, 'md5(counts)', connectionIds, window));
  },

  async windows(tx, connectionIds, window) {
    // As one text: pg's own parser of arrays takes longer than all the rest.
    const rows = await windowTexts(tx, 'counts', connectionIds, window);
    return new Map(rows.map(([id, counts]) => [id, Int32Array.from(counts.split(','), Number)]));
  },

  /** Two that begin the same year of a connection at once: one meets a unique_violation and is to be tried again. */
  async put(tx, messages) {
    const accepted = parseMessages(messages);
    const changes = yearChanges(accepted);
    if (changes.ids.length > 0) {
      await tx.query(
        `
        merge into ledger as kept
        using unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::bool[])
          as sent (connection_id, year, days, counts, adds)
        on kept.connection_id = sent.connection_id and kept.year = sent.year
        when matched and not sent.adds
          and array_remove(ledger_set(kept.counts, sent.days::int[], sent.counts::int[]), null) = '{}' then delete
        when matched then update set counts = ledger_set(kept.counts, sent.days::int[], sent.counts::int[])
        when not matched and sent.adds then insert (connection_id, year, counts)
          values (sent.connection_id, sent.year, ledger_set(null, sent.days::int[], sent.counts::int[]))`,
        [changes.ids, changes.years, changes.days, changes.counts, changes.adds],
      );
    }
    return { items: accepted.reduce((items, message) => items + message.days.length, 0) };
  },

  read: keptDays,

  async remove(tx, connectionIds) {
    const { rows } = await tx.query<{ items: number }>(
      `
      with removed as (delete from ledger where connection_id = any ($1::uuid[]) returning counts)
      select coalesce(sum(cardinality(array_remove(counts, null))), 0)::int as items from removed`,
      [connectionIds],
    );
    return { items: rows[0]!.items };
  },

  async left(tx, connectionIds) {
    return (await keptDays(tx, connectionIds, '0100-01-01', '9999-12-31')).length;
  },
};

// Both the public read and the proof that a deletion left nothing; a filter put here would hide rows from both.
async function keptDays(tx: Queryable, connectionIds: string[], from: Day, to: Day): Promise<LedgerDay[]> {
  const { rows } = await tx.query<LedgerDay>(
    `
    select connection_id as "connectionId", date::text as date, count from ledger_day
    where connection_id = any ($1::uuid[]) and date between $2::date and $3::date
    order by connection_id, ledger_day.date`,
    [connectionIds, from, to],
  );
  return rows;
}

// concat_ws leaves out a null: there is no second part unless the window straddles a year's end.
async function windowTexts(
  tx: Queryable,
  wanted: 'counts' | 'md5(counts)',
  connectionIds: string[],
  window: Window,
): Promise<[id: string, text: string][]> {
  const { rows } = await tx.query<[string, string]>({
    rowMode: 'array',
    text: `
      select id, ${wanted} from (
        select id, concat_ws(',',
          coalesce(array_to_string(head.counts[$3:$4], ',', ''), $5),
          coalesce(array_to_string(tail.counts[1:$7], ',', ''), $8)) as counts
        from unnest($1::uuid[]) as id
        left join ledger head on head.connection_id = id and head.year = $2
        left join ledger tail on tail.connection_id = id and tail.year = $6) as kept`,
    values: [connectionIds, ...partsOf(window)],
  });
  return rows;
}

/** Where a window lies in its year, and what stands for it if there is no row; then the same of the year after. */
function partsOf(window: Window): unknown[] {
  const from = dayOfYear(window.from)!;
  const to = dayOfYear(window.to)!;
  if (from.year === to.year) return [from.year, from.number, to.number, empty(window.labels.length), null, 0, null];
  const head = window.labels.length - to.number;
  return [from.year, from.number, from.number + head - 1, empty(head), to.year, to.number, empty(to.number)];
}

function empty(days: number): string {
  return ','.repeat(days - 1);
}
