import type * as Db from '../db/index.ts';
import type { Pool } from '../db/pool.ts';
import type { SourceKind } from '../domain/source-label.ts';
import type { Authority } from '../ports/authority.ts';
import type { Source } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

/** Durations are in milliseconds. */
export interface ActivitySettings {
  restoreWindowMs: number;
  publicCacheMs: number;
  syncConcurrency: number;
  graceTokenMs: number;
  graceObservedMs: number;
  graceSightings: number;
  connectGraceMs: number;
  connectLooks: number;
}

/** Everything that activities reach is passed in; they import only types of it. */
export interface ActivityDeps {
  pool: Pool;
  db: typeof Db;
  sources: Record<SourceKind, Source>;
  authority: Authority;
  cipher: TokenCipher;
  settings: ActivitySettings;
  digestOf(counts: Int32Array): string;
  newId(): string;
}
