import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../src/db/migrate.ts';
import { prepareApplicationRole } from '../src/db/roles.ts';
import { cacheFolder } from '../src/stack/cache.ts';
import { freePort } from '../src/stack/ports.ts';
import { startPostgres } from '../src/stack/postgres.ts';
import { findTemporalBinary, startTemporal } from '../src/stack/temporal.ts';
import { onOwnDisk, type Disk } from './disk.ts';
import { supervise, type Program } from './program.ts';

type Say = (line: string) => void;

/** So few events, instead of 4,096, make a workflow continue as new: each does so again and again. */
const CONTINUE_AFTER_EVENTS = 30;

/**
 * PostgreSQL with its state on disk and with every promise of durability kept.
 * @param ownMounts a disk of its own can be had, to be filled
 */
export async function keepPostgres(
  dataDir: string,
  ownMounts: boolean,
  say: Say,
): Promise<{ program: Program; url: string; applicationUrl: string; disk: Disk | undefined }> {
  const port = await freePort();
  let [url, applicationUrl] = ['', ''];
  let disk: Disk | undefined;
  if (ownMounts) {
    await (await startPostgres({ dataDir, port, log: say })).stop();
    disk = onOwnDisk(join(dataDir, 'postgres'));
  }
  const program = await supervise(
    'postgres',
    async () => {
      const started = await startPostgres({ dataDir, port, log: say });
      ({ url, applicationUrl } = started);
      return started.child;
    },
    say,
  );
  await migrate(url);
  await prepareApplicationRole(url, applicationUrl);
  return { program, url, applicationUrl, disk };
}

/** Temporal's development server with its state on disk. @returns also what a client's environment needs */
export async function keepTemporal(
  dataDir: string,
  say: Say,
): Promise<{ program: Program; address: string; profiles: string }> {
  const folder = join(dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const binary = await findTemporalBinary({ cacheDir: cacheFolder(), log: say });
  const port = await freePort();
  const options = { binary, dbFile: join(folder, 'temporal.db'), port, namespace: 'default', dataDir, log: say };
  const dynamicConfig = { 'limit.historyCount.suggestContinueAsNew': CONTINUE_AFTER_EVENTS };
  const program = await supervise(
    'temporal',
    async () => (await startTemporal({ ...options, dynamicConfig })).child,
    say,
  );
  // The person's own client profile, with its certificates and keys, is not for this server.
  const profiles = join(folder, 'client.toml');
  writeFileSync(profiles, '[profile.default]\n');
  return { program, address: `127.0.0.1:${port}`, profiles };
}
