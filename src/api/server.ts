import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { readCounts, sourceOf } from '../activities/read-counts.ts';
import { loadConfig, type Config } from '../config.ts';
import { dropOldProofs } from '../db/admin-proofs.ts';
import { dropExpiredKeys } from '../db/idempotency.ts';
import { dropExpiredFlows } from '../db/sign-in-flows.ts';
import { dropOldSessions } from '../db/sessions.ts';
import { createPool, inTransaction, type Client } from '../db/pool.ts';
import { dropPastCounts } from '../db/rate-limits.ts';
import { createAuthority } from '../identity/authority.ts';
import { createGitHubUser, githubSettings } from '../identity/github-user.ts';
import { createSignIn } from '../identity/sign-in.ts';
import { createTokenCipher } from '../keys/token-cipher.ts';
import { createSources } from '../sources/index.ts';
import { connectClient } from '../temporal/connect.ts';
import { activityDeps } from '../temporal/worker.ts';
import { createApp } from './app.ts';
import type { Deps } from './deps.ts';
import { LISTEN_LIMITS, listen } from './listener.ts';
import { PROOF_KEPT_MS } from './site-admin.ts';

const CLEAN_EVERY_MS = 10 * 60_000;
const STOP_WITHIN_MS = 10_000;
const LOCK_TIMEOUT_MS = 10_000;
/** Longer than a lock is waited for, so that it is told which of the two it was. Nothing that is asked takes so long:
 * exports come in pages, and what goes through whole tables is the CLI's, with a pool of its own. */
const STATEMENT_TIMEOUT_MS = 15_000;

/** Wires the API to what it needs; `close` ends all of it. */
async function connect(config: Config): Promise<{ deps: Deps; close: () => Promise<void> }> {
  const pool = createPool({
    url: config.DATABASE_URL,
    max: 20,
    applicationName: 'unified-contributions api',
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const temporal = await connectClient();
  const sources = createSources();
  const authority = createAuthority({
    githubApiUrl: config.GITHUB_API_URL,
    allowHttpLoopback: config.ALLOW_HTTP_LOOPBACK,
  });
  const github = createGitHubUser(githubSettings(config));
  const signIn = createSignIn();
  const cipher = createTokenCipher(config.TOKEN_KEYS);
  const logger = pino({ level: config.LOG_LEVEL, base: { process: 'api' } });
  const clock = () => new Date();
  const reading = activityDeps({ config, client: temporal, pool, sources, authority, cipher });
  const deps: Deps = {
    config,
    pool,
    temporal,
    clock,
    authority,
    signIn,
    github,
    sources,
    cipher,
    logger,
    readCounts: (instance, connection, window) =>
      readCounts(reading, sourceOf(reading, instance), connection, window, () => clock().getTime()),
  };
  return {
    deps,
    async close() {
      await Promise.all([
        sources.close(),
        authority.close(),
        github.close(),
        signIn.close(),
        temporal.connection.close(),
      ]);
      await pool.end();
    },
  };
}

/** What is kept for a day only, by this process's own clock. */
async function clean({ pool, clock, config }: Deps): Promise<void> {
  const now = clock();
  const erase = (drop: (tx: Client) => Promise<unknown>) =>
    inTransaction(pool, async (tx) => {
      // Nobody waits for it, and what is cut off deletes nothing: what has piled up would be there for ever.
      await tx.query('set local statement_timeout = 0');
      await drop(tx);
    });
  await erase((tx) => dropExpiredKeys(tx, now));
  await erase((tx) => dropOldProofs(tx, new Date(now.getTime() - PROOF_KEPT_MS)));
  await erase((tx) => dropExpiredFlows(tx, now));
  await erase((tx) => dropPastCounts(tx, now));
  await erase((tx) => dropOldSessions(tx, now, config.SESSION_IDLE));
}

/** Takes no new connection, lets what is under way end, and cuts what does not. */
async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS);
  await closed;
  clearTimeout(cut);
}

const { deps, close } = await connect(loadConfig());
const { HOST: host, PORT, MAX_CONNECTIONS: connections } = deps.config;
const server = await listen(createApp(deps), { host, port: PORT }, { ...LISTEN_LIMITS, connections });
const cleaning = setInterval(() => {
  clean(deps).catch((error: Error) => deps.logger.error({ error: error.name }, 'old keys and proofs were not erased'));
}, CLEAN_EVERY_MS);
const { address, port } = server.address() as AddressInfo;
deps.logger.info({ address, port }, 'api is listening');

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    clearInterval(cleaning);
    stop(server)
      .then(close)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  });
}
