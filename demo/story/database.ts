import type { Pool } from '../../src/db/pool.ts';
import type { DayCount } from '../../src/domain/window.ts';

/** What the database holds, read with plain SQL beside the API. */
export function databaseOf(pool: Pool) {
  const one = async <Row extends object>(sql: string, values: unknown[]) =>
    (await pool.query<Row>(sql, values)).rows[0];
  return {
    /** A connection's counts, by day. */
    async counts(connectionId: string): Promise<DayCount[]> {
      const sql = 'select date::text as date, count from ledger_day where connection_id = $1 order by ledger_day.date';
      return (await pool.query<DayCount>(sql, [connectionId])).rows;
    },
    async countsOfInstance(instanceId: string): Promise<number> {
      const sql =
        'select count(*)::int as days from ledger_day join connection c on c.id = connection_id where c.instance_id = $1';
      return (await one<{ days: number }>(sql, [instanceId]))!.days;
    },
    /** Whether anything still ties a connection to a person, and whether a usable token is kept. */
    async link(connectionId: string): Promise<{ person: boolean; token: boolean; revocation: string | null }> {
      const sql = `select exists (select 1 from connection_person where connection_id = $1) as person,
        exists (select 1 from connection_token where connection_id = $1) as token,
        (select coalesce(outcome, 'waiting') from token_revocation where connection_id = $1) as revocation`;
      return (await one(sql, [connectionId]))!;
    },
    /** Each table of the product as text, by its name. */
    async dump(): Promise<Map<string, string>> {
      const { rows } = await pool.query<{ name: string }>(
        `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
      );
      const tables = new Map<string, string>();
      for (const { name } of rows) {
        const sql = `select coalesce(string_agg(t::text, E'\\n'), '') as text from "${name}" t`;
        tables.set(name, (await one<{ text: string }>(sql, []))!.text);
      }
      return tables;
    },
  };
}
export type Database = ReturnType<typeof databaseOf>;
