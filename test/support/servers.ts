import type { Postgres } from '../../src/stack/postgres.ts';
import type { Temporal } from '../../src/stack/temporal.ts';

/** What global-setup hands to global-teardown: both run in the process that starts the test files. */
export type Servers = { dataDir: string; postgres: Postgres; temporal: Temporal };

declare global {
  var testServers: Servers | undefined;
}

export function keepServers(servers: Servers): void {
  globalThis.testServers = servers;
}

export function keptServers(): Servers | undefined {
  return globalThis.testServers;
}
