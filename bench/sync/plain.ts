import { z } from 'zod';
import { loadConfig } from '../../src/config.ts';
import { createPool } from '../../src/db/pool.ts';
import { createTokenCipher } from '../../src/keys/token-cipher.ts';
import { createSources } from '../../src/sources/index.ts';
import { plainSync } from './plain-sync.ts';

// The plain script as a program of its own: for each message with an instance's id it syncs that instance once. It lives
// as long as the worker does, so that neither side begins with cold code or new connections.

const config = loadConfig();
const parts = {
  pool: createPool({ url: config.DATABASE_URL, max: 20, applicationName: 'bench plain' }),
  sources: createSources(),
  cipher: createTokenCipher(config.TOKEN_KEYS),
  buckets: config.SYNC_BUCKETS,
  pageSize: config.SYNC_PAGE_SIZE,
  concurrency: config.SYNC_CONCURRENCY,
};
const order = z.object({ instanceId: z.uuid() });

process.on('message', (message) => {
  plainSync(parts, order.parse(message).instanceId).then(
    () => process.send!({ done: true }),
    (error: unknown) => process.send!({ done: false, reason: String(error) }),
  );
});
// Whoever started it has ended.
process.on('disconnect', () => process.exit());
