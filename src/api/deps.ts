import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Pool } from '../db/pool.ts';
import type { SourceKind } from '../domain/source-label.ts';
import type { Authority } from '../ports/authority.ts';
import type { Source } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

/** All that the API uses from outside. `server.ts` makes them; nothing else reads the environment. */
export interface Deps {
  config: Config;
  pool: Pool;
  temporal: Client;
  /** Business time. SQL's `now()` is for technical stamps only. */
  clock: () => Date;
  authority: (kind: SourceKind) => Authority;
  source: (kind: SourceKind) => Pick<Source, 'whoami'>;
  cipher: TokenCipher;
  logger: Logger;
}
