import pino from 'pino';
import { Runtime } from '@temporalio/worker';
import { loadConfig, loadSealerConfig } from './src/config.ts';
import { createPool } from './src/db/pool.ts';
import { refuseWhileHeld } from './src/db/restore-epoch.ts';
import { DomainError } from './src/domain/errors.ts';
import { createAuthority } from './src/identity/authority.ts';
import { createGitHubUser, githubSettings } from './src/identity/github-user.ts';
import { createAuditSeal } from './src/keys/audit-seal.ts';
import { createTokenCipher } from './src/keys/token-cipher.ts';
import { createSources } from './src/sources/index.ts';
import { cacheFolder } from './src/stack/cache.ts';
import { startSweepers } from './src/sweepers/sweepers.ts';
import { workflowBundle } from './src/temporal/bundle.ts';
import { connectClient, connectWorker } from './src/temporal/connect.ts';
import { upsertSchedule } from './src/temporal/schedule.ts';
import { registerSearchAttributes } from './src/temporal/search-attributes.ts';
import { startWorkers } from './src/temporal/worker.ts';

const config = loadConfig();
const { AUDIT_KEYS, AUDIT_ANCHOR_FILE: anchorFile } = loadSealerConfig();
const log = pino({ level: config.LOG_LEVEL, base: { process: 'worker' } });

// The signals are ours: sweepers and pools are to be closed as well.
Runtime.install({ shutdownSignals: [] });

const [client, temporal, bundlePath] = await Promise.all([
  connectClient(),
  connectWorker(),
  workflowBundle(cacheFolder()),
]);
const pool = createPool({ url: config.DATABASE_URL, max: 20, applicationName: 'unified-contributions worker' });
// A PostgreSQL that cannot be reached may come later; one that is held is not to be worked on.
await refuseWhileHeld(pool).catch(async (error: unknown) => {
  if (!(error instanceof DomainError)) return;
  log.fatal({ heldAt: error.facts['heldAt'] }, error.message);
  process.exit(1);
});
const sources = createSources();
const authority = createAuthority({
  githubApiUrl: config.GITHUB_API_URL,
  allowHttpLoopback: config.ALLOW_HTTP_LOOPBACK,
});
const cipher = createTokenCipher(config.TOKEN_KEYS);

await registerSearchAttributes(client).catch((error: Error) =>
  log.error(
    { error: error.message },
    'search attributes are not registered: register UcStatus, UcDueAt and UcInstance yourself',
  ),
);
const workers = await startWorkers({ config, client, pool, sources, authority, cipher }, { ...temporal, bundlePath });
const github = createGitHubUser(githubSettings(config));
const stopSweepers = startSweepers({
  config,
  client,
  pool,
  sources,
  github,
  cipher,
  audit: { seal: createAuditSeal(AUDIT_KEYS), anchorFile },
  log,
  clock: () => new Date(),
});
log.info({ schedule: await upsertSchedule(client, config) }, 'worker is ready');

async function stop(): Promise<void> {
  await workers.stop();
  await stopSweepers();
  await Promise.all([sources.close(), authority.close(), github.close(), pool.end(), client.connection.close()]);
  await temporal.connection.close();
}

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stopping = true;
    void stop();
  });
}
await workers.done.catch(async (error: unknown) => {
  log.fatal({ error: error instanceof Error ? error.message : 'unknown' }, 'a worker failed');
  process.exitCode = 1;
  if (!stopping) await stop();
});
