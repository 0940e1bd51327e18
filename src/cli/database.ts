import pg from 'pg';
import { createPool, type Pool } from '../db/pool.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** Runs `work` on a pool that is closed before this returns. @throws Failure where PostgreSQL cannot be used */
export async function withDatabase<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const { host } = new URL(url);
  const pool = createPool({ url, max: 1, applicationName: 'unified-contributions cli' });
  try {
    await enter(pool, host);
    return await work(pool);
  } catch (error) {
    throw lacksTables(error) ? outdated(host) : error;
  } finally {
    await pool.end();
  }
}

async function enter(pool: Pool, host: string): Promise<void> {
  try {
    await pool.query('select 1');
  } catch (error) {
    throw new Failure(EXIT.unreachable, {
      title: `PostgreSQL at ${host} cannot be used (${reasonOf(error)}).`,
      advice: 'check that it runs and that DATABASE_URL names it.',
    });
  }
}

/** A system's error by its code; PostgreSQL's own by its words, which name no password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return error instanceof pg.DatabaseError || code === undefined ? message : code;
}

const UNDEFINED_TABLE = '42P01';

function lacksTables(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE;
}

function outdated(host: string): Failure {
  return new Failure(EXIT.refused, {
    title: `The database at ${host} does not have the tables of this release.`,
    advice: '"npm run migrate" makes them; or DATABASE_URL names another database.',
  });
}
