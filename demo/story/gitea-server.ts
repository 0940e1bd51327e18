import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild, type Child } from '../../src/stack/child.ts';
import type { GiteaBinary } from '../../src/stack/gitea-binary.ts';
import { freePort } from '../../src/stack/ports.ts';
import { StackProblem } from '../../src/stack/problem.ts';
import { makeHome, type GiteaHome } from './gitea-home.ts';
import { mailOf, passwordOf, userAt, type GiteaUser } from './gitea-user.ts';
import { until } from './until.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const READY_LIMIT_MS = 60_000;

export interface GiteaServer {
  url: string;
  /** Its first user, who administers it. */
  admin: GiteaUser;
  /** What the product asked of it so far, as Gitea's own log has it: `GET /api/v1/user`. */
  asked(): string[];
  stop(): Promise<void>;
}

interface Wanted {
  /** How long an OAuth access token lives. */
  tokenSeconds: number;
  adminLogin: string;
}

/** A real Gitea on the loopback address, with SQLite, in a folder of its own. */
export async function startGitea(binary: GiteaBinary, folder: string, wanted: Wanted): Promise<GiteaServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const home = makeHome(binary, join(folder, 'home'), { port, tokenSeconds: wanted.tokenSeconds });
  const args = ['--config', home.config, 'web'];
  const child = startChild({ name: 'gitea', command: home.program, args, dataDir: folder, ...home.run });
  const interrupt = () => void child.stop();
  const stop = async () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    await child.stop();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await untilReady(child, url);
    await createAdmin(home, wanted.adminLogin);
    return { url, admin: await userAt(url, wanted.adminLogin), asked: () => askedIn(child.logFile), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(child: Child, url: string): Promise<void> {
  const look = () =>
    fetch(`${url}/api/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('Gitea to be healthy', look, (healthy) => healthy || child.hasExited(), READY_LIMIT_MS);
  if (!child.hasExited()) return;
  const last = child.lastLines().at(-1) ?? 'no output';
  throw new StackProblem(`Gitea stopped while it started ("${last}"); its log is ${child.logFile}.`);
}

/** The first user cannot be made by anybody else's request. */
async function createAdmin({ program, config, run }: GiteaHome, login: string): Promise<void> {
  const who = ['--username', login, '--password', passwordOf(login), '--email', mailOf(login), '--admin'];
  const args = ['--config', config, 'admin', 'user', 'create', ...who, '--must-change-password=false'];
  await promisify(execFile)(program, args, run);
}

/** The product names itself in `User-Agent`. */
function askedIn(logFile: string): string[] {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  return lines
    .filter((line) => line.includes('"unified-contributions/'))
    .map((line) => /"([A-Z]+ \S+) HTTP/.exec(line)?.[1] ?? line);
}
