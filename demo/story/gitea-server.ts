import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/stack/cache.ts';
import { startChild } from '../../src/stack/child.ts';
import { findGiteaBinary, type GiteaBinary } from '../../src/stack/gitea-binary.ts';
import { freePort } from '../../src/stack/ports.ts';
import type { Log } from '../../src/stack/problem.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface GiteaUser {
  login: string;
  password: string;
  /** An access token for the product, with the one scope that it needs. */
  token: string;
}

export interface GiteaServer {
  url: string;
  /** An administrator's token may look users up. */
  addUser(login: string, options?: { admin?: boolean }): Promise<GiteaUser>;
  stop(): Promise<void>;
}

/** A real Gitea on the loopback address, with SQLite, in a folder of its own; built first where it was never built. */
export async function startGiteaServer(folder: string, log: Log): Promise<GiteaServer> {
  const binary = await findGiteaBinary({ cacheDir: cacheFolder(), log });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, 'app.ini');
  writeFileSync(config, settings(binary, folder, port), { mode: 0o600 });
  const env = { ...process.env, HOME: folder };
  const child = startChild({
    name: 'gitea',
    command: binary.program,
    args: ['--config', config, 'web'],
    dataDir: folder,
    env,
  });
  const answers = () =>
    fetch(`${url}/api/healthz`).then(
      ({ ok }) => ok || child.hasExited(),
      () => child.hasExited(),
    );
  await until('Gitea to answer', answers, (ready) => ready, 60_000);
  if (child.hasExited()) throw new Error(`Gitea ended: ${child.lastLines().join('\n')}`);
  const admin = async (...args: string[]) =>
    (await run(binary.program, ['--config', config, 'admin', 'user', ...args], { env })).stdout.trim();
  return {
    url,
    async addUser(login, options = {}) {
      const password = `demo-Password-of-${login}-1`;
      const who = ['--username', login];
      const rights = options.admin ? ['--admin'] : [];
      const mail = `${login}@gitea.example`;
      await admin('create', ...who, '--password', password, '--email', mail, '--must-change-password=false', ...rights);
      const made = await admin(
        'generate-access-token',
        ...who,
        '--token-name',
        'product',
        '--scopes',
        'read:user',
        '--raw',
      );
      return { login, password, token: made.split('\n').at(-1)! };
    },
    stop: () => child.stop(),
  };
}

// https://docs.gitea.com/administration/config-cheat-sheet
function settings({ staticRoot }: GiteaBinary, folder: string, port: number): string {
  return `RUN_USER = ${userInfo().username}
WORK_PATH = ${folder}
; A server of a demo, on the loopback address, in a folder that is removed.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = ${staticRoot}
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
[service]
DISABLE_REGISTRATION = true
[session]
PROVIDER = memory
`;
}
