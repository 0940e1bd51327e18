import { rmSync } from 'node:fs';
import { keepLogs } from '../../demo/artifacts.ts';
import { keepHistories } from './keep-histories.ts';
import { keptServers } from './servers.ts';

export default async function globalTeardown(): Promise<void> {
  const servers = keptServers();
  if (!servers) return;
  await keepHistories(servers.temporal.address);
  // Nothing of theirs is kept, so nothing needs a graceful end.
  servers.temporal.child.kill('SIGKILL');
  await Promise.all([servers.temporal.child.exited, servers.postgres.stop()]);
  keepLogs(servers.dataDir);
  rmSync(servers.dataDir, { recursive: true, force: true });
}
