import { rmSync } from 'node:fs';
import { keptServers } from './servers.ts';

export default async function globalTeardown(): Promise<void> {
  const servers = keptServers();
  if (!servers) return;
  // Nothing of theirs is kept, so nothing needs a graceful end.
  servers.temporal.child.kill('SIGKILL');
  await Promise.all([servers.temporal.child.exited, servers.postgres.stop()]);
  rmSync(servers.dataDir, { recursive: true, force: true });
}
