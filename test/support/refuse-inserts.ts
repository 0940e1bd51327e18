import type { Pool } from '../../src/db/pool.ts';

/**
 * Lets nobody insert such rows, so that whoever wants to goes on trying.
 * @param when a condition on `new`
 * @returns lets them through
 */
export async function refuseInserts(pool: Pool, table: string, when = 'true'): Promise<() => Promise<void>> {
  await pool.query(`
    create or replace function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$`);
  await pool.query(`create trigger refused before insert on ${table} for each row when (${when})
    execute function refuse()`);
  return async () => {
    await pool.query(`drop trigger refused on ${table}`);
  };
}

/** Lets nobody commit this audit action: its workflow waits in that step. */
export function holdAction(pool: Pool, action: string): Promise<() => Promise<void>> {
  return refuseInserts(pool, 'audit', `new.action = '${action}'`);
}
