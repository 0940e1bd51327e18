import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DEMO_GITHUB_APPLICATION } from '../demo/peers/demo-people.ts';
import { peerAt, type Peer } from '../demo/story/peers.ts';
import { createPool, type Pool } from '../src/db/pool.ts';
import { createAuditSeal } from '../src/keys/audit-seal.ts';
import { createTokenCipher } from '../src/keys/token-cipher.ts';
import type { Anchor } from '../src/db/audit-verify.ts';
import type { AuditSeal } from '../src/ports/audit-seal.ts';
import type { TokenCipher } from '../src/ports/token-cipher.ts';
import { freePort } from '../src/stack/ports.ts';
import { peersAddresses, startProgram, untilReady } from '../src/stack/programs.ts';
import { readSecrets } from '../src/stack/remembered.ts';
import type { Disk } from './disk.ts';
import { startForge, type Forge } from './forge.ts';
import { openLink, type Link } from './link.ts';
import { supervise, type Program } from './program.ts';
import { keepPostgres, keepTemporal } from './servers.ts';

type Say = (line: string) => void;

/** A program of ours and its own wires to what it needs. */
export interface Ours {
  program: Program;
  toPostgres: Link;
  toTemporal: Link;
}

/** The whole system, everything that can be broken in it, and ways around all of that for whoever checks. */
export interface Setting {
  dataDir: string;
  workers: Ours[];
  apis: (Ours & { url: string })[];
  postgres: Program;
  temporal: Program;
  /** Where PostgreSQL's data is; undefined where this machine gives it no disk of its own. */
  disk: Disk | undefined;
  /** Wires of all of ours to the instance, to GitHub.com and to the forge whose tokens expire. */
  outward: { instance: Link; github: Link; forge: Link };
  instance: Peer;
  github: Peer;
  forge: Forge;
  pool: Pool;
  client: Client;
  cipher: TokenCipher;
  /** The same keys, each once in front. */
  ciphers: TokenCipher[];
  seal: AuditSeal;
  /** Of the audit records, after each round. */
  heads: Anchor[];
  /** @returns how to erase all that is left */
  stop(): Promise<() => void>;
}

/** The product's own settings, but for what has to happen within seconds, and for runs by the clock: none. */
export const SETTINGS = {
  SYNC_EVERY: '365d',
  SYNC_JITTER: '1ms',
  SYNC_PAGE_SIZE: '3',
  SWEEP_EVERY: '500ms',
  UPDATE_NOW_EVERY: '1s',
  RESTORE_WINDOW: '60s',
  NUDGE_EVERY: '2s',
  LOG_LEVEL: 'info',
  ALLOW_HTTP_LOOPBACK: 'true',
  CONNECT_BY_TOKEN: 'true',
  RATE_LIMIT_FACTOR: '1000',
};

const PROGRAMS_OF_EACH = 2;

export async function setUp(ownMounts: boolean, say: Say): Promise<Setting> {
  const dataDir = mkdtempSync(join(tmpdir(), 'unified-contributions-chaos-'));
  say(`Everything is in ${dataDir}.`);
  const [postgres, temporal, peers, forge] = await Promise.all([
    keepPostgres(dataDir, ownMounts, say),
    keepTemporal(dataDir, say),
    startPeers(dataDir),
    startForge(),
  ]);
  const outward = {
    instance: await openLink('to the instance', placeOf(peers.urls.instance)),
    github: await openLink('to GitHub.com', placeOf(peers.urls.github)),
    forge: await openLink('to the forge', placeOf(forge.url)),
  };
  const { TOKEN_KEYS: older, ...others } = readSecrets(dataDir);
  const newer = `k2:${randomBytes(32).toString('base64')}`;
  const secrets = { ...others, TOKEN_KEYS: `${newer},${older}` };
  const common = {
    ...process.env,
    ...secrets,
    ...SETTINGS,
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_CONFIG_FILE: temporal.profiles,
    GITHUB_URL: at(outward.github),
    GITHUB_API_URL: at(outward.github),
    GITHUB_CLIENT_ID: DEMO_GITHUB_APPLICATION.clientId,
    GITHUB_CLIENT_SECRET: DEMO_GITHUB_APPLICATION.clientSecret,
  };

  const ours = async (name: string, file: string, more: Record<string, string>): Promise<Ours> => {
    const database = new URL(postgres.applicationUrl);
    const toPostgres = await openLink(`${name} to postgres`, { host: database.hostname, port: Number(database.port) });
    const toTemporal = await openLink(`${name} to temporal`, placeOf(`http://${temporal.address}`));
    database.port = String(toPostgres.port);
    const own = { DATABASE_URL: database.href, TEMPORAL_ADDRESS: `127.0.0.1:${toTemporal.port}` };
    const env = { ...common, ...own, ...more };
    const program = await supervise(name, async () => startProgram(name, file, { dataDir, env }), say);
    return { program, toPostgres, toTemporal };
  };
  const workers: Setting['workers'] = [];
  const apis: Setting['apis'] = [];
  for (let number = 1; number <= PROGRAMS_OF_EACH; number += 1) {
    workers.push(await ours(`worker-${number}`, 'worker.ts', {}));
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const program = await ours(`api-${number}`, 'src/api/server.ts', { PORT: port, PUBLIC_URL: url });
    apis.push({ ...program, url });
  }
  await Promise.all(apis.map(({ url }) => untilReady(url, () => false)));

  const pool = createPool({ url: postgres.url, max: 4, applicationName: 'chaos' });
  const connection = await Connection.connect({ address: temporal.address });
  return {
    dataDir,
    workers,
    apis,
    postgres: postgres.program,
    temporal: temporal.program,
    disk: postgres.disk,
    outward,
    instance: peerAt(peers.urls.instance),
    github: peerAt(peers.urls.github),
    forge,
    pool,
    client: new Client({ connection }),
    cipher: createTokenCipher(secrets.TOKEN_KEYS),
    ciphers: [secrets.TOKEN_KEYS, `${older},${newer}`].map(createTokenCipher),
    seal: createAuditSeal(secrets.AUDIT_KEYS),
    heads: [],
    async stop() {
      await Promise.all([pool.end(), connection.close()]);
      await Promise.all([...workers, ...apis].map(({ program }) => program.stop()));
      await Promise.all([postgres.program.stop(), temporal.program.stop(), peers.stop(), forge.close()]);
      const links = [...workers, ...apis].flatMap(({ toPostgres, toTemporal }) => [toPostgres, toTemporal]);
      await Promise.all([...links, ...Object.values(outward)].map((link) => link.close()));
      return () => {
        postgres.disk?.remove();
        rmSync(dataDir, { recursive: true, force: true });
      };
    },
  };
}

async function startPeers(dataDir: string) {
  const child = startProgram('peers', 'demo/peers/main.ts', { dataDir, env: process.env });
  const urls = await peersAddresses(child);
  if (!urls) throw new Error(`The demo's peers ended before they listened: see ${child.logFile}.`);
  return { urls, stop: () => child.stop() };
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

export function at(link: Link): string {
  return `http://127.0.0.1:${link.port}`;
}
