import type { Pool } from '../../../src/db/pool.ts';

/**
 * Lets nobody commit this audit action, so that its workflow goes on trying. @returns lets it through
 */
export async function holdAction(pool: Pool, action: string): Promise<() => Promise<void>> {
  await pool.query(`
    create or replace function hold() returns trigger language plpgsql as $$
    begin raise exception 'held'; end $$`);
  await pool.query(`create trigger held before insert on audit for each row
    when (new.action = '${action}') execute function hold()`);
  return async () => {
    await pool.query('drop trigger held on audit');
  };
}
