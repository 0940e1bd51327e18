import type { Pool } from '../../src/db/pool.ts';
import { addDays, utcDay } from '../../src/domain/dates.ts';
import type { Developer } from './population.ts';
import type { Source } from './source.ts';

const BATCH = 1_000;

/** @throws unless the ledger equals the source, day by day, for each developer; nothing may be kept of those in `removed` */
export async function verifyLedger(
  pool: Pool,
  source: Source,
  developers: readonly Developer[],
  removed: ReadonlySet<string> = new Set(),
): Promise<void> {
  const today = utcDay(Date.now());
  const from = addDays(today, -90);
  let wrong = 0;
  for (let start = 0; start < developers.length; start += BATCH) {
    const batch = developers.slice(start, start + BATCH);
    const kept = await keptDays(pool, batch);
    for (const { id, user } of batch) {
      const truth = removed.has(id) ? [] : source.truth(user, from, today);
      if ((kept.get(id) ?? '') !== truth.map(({ date, count }) => `${date}=${count}`).join(' ')) wrong += 1;
    }
  }
  if (wrong === 0) return;
  throw new Error(
    `The ledger differs from the source for ${wrong} of ${developers.length} developers (midnight UTC within a pass would do that too).`,
  );
}

/** All that is kept, not the window alone: there must be nothing else. */
async function keptDays(pool: Pool, developers: readonly Developer[]): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ id: string; days: string }>(
    `select connection_id as id, string_agg(date || '=' || count, ' ' order by ledger_day.date) as days from ledger_day
     where connection_id = any($1::uuid[]) group by connection_id`,
    [developers.map(({ id }) => id)],
  );
  return new Map(rows.map(({ id, days }) => [id, days]));
}
