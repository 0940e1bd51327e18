import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { InstanceRow } from '../db/instances.ts';
import type { Pool } from '../db/pool.ts';
import type { PageConnection } from '../db/sync-pages.ts';
import type { SourceKind } from '../domain/source-label.ts';
import type { Window } from '../domain/window.ts';
import type { GitHubUser } from '../identity/github-user.ts';
import type { SignIn } from '../identity/sign-in.ts';
import type { Authority } from '../ports/authority.ts';
import type { Source, SourceRead } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

/** All that the API uses from outside. `server.ts` makes them; nothing else reads the environment. */
export interface Deps {
  config: Config;
  pool: Pool;
  temporal: Client;
  /** Business time. SQL's `now()` is for technical stamps only. */
  clock: () => Date;
  authority: Authority;
  /** Where people sign in, and who they are at GitHub.com. */
  signIn: SignIn;
  github: Pick<GitHubUser, 'whoami' | 'revoke'>;
  sources: Record<SourceKind, Pick<Source, 'whoami' | 'revoke' | 'tokensRevocable' | 'tokensExpire'>>;
  /** A look at a developer's counts with the stored token, for "look first". Nothing is written but a refreshed token. */
  readCounts: (instance: InstanceRow, connection: PageConnection, window: Window) => Promise<SourceRead>;
  cipher: TokenCipher;
  logger: Logger;
}
