import type { RequestHandler } from 'express';
import type { Pool } from '../db/pool.ts';
import { refuseWhileHeld } from '../db/restore-epoch.ts';

/** Nothing is shown and nothing is done while a restored database waits for its deletions. */
export function whileHeld(pool: Pool): RequestHandler {
  return async (_req, _res, next) => {
    await refuseWhileHeld(pool);
    next();
  };
}
