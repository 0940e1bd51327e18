import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { copyFolder, type GiteaBinary } from '../../src/stack/gitea-binary.ts';
import { StackProblem } from '../../src/stack/problem.ts';

/** Where a Gitea lives, and how its program is run there. */
export interface GiteaHome {
  program: string;
  config: string;
  run: { env: NodeJS.ProcessEnv; uid?: number; gid?: number };
}

export interface GiteaSettings {
  port: number;
  /** How long an OAuth access token lives. */
  tokenSeconds: number;
}

/** Makes a folder that is Gitea's alone. Gitea refuses to run as root: where root starts it, it runs as nobody. */
export function makeHome(binary: GiteaBinary, folder: string, settings: GiteaSettings): GiteaHome {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = process.getuid?.() === 0 ? nobody() : undefined;
  const own = owner ? reachableCopy(binary, folder) : binary;
  const config = join(folder, 'app.ini');
  const user = owner ? 'nobody' : userInfo().username;
  writeFileSync(config, configuration(own.staticRoot, folder, user, settings), { mode: 0o600 });
  if (owner) execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
  // Neither the person's own settings of git nor those of a Gitea of theirs.
  const env = { PATH: process.env['PATH'], HOME: folder, USER: user, GIT_CONFIG_NOSYSTEM: '1' };
  return { program: own.program, config, run: { env, ...owner } };
}

function nobody(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    throw new StackProblem('Gitea does not run as root and there is no user "nobody": start this as another user.');
  }
}

/** What stands in root's own cache is not for anybody else to read, and hooks call the program by its path. */
function reachableCopy(binary: GiteaBinary, folder: string): GiteaBinary {
  chmodSync(dirname(folder), 0o711);
  const copy = { program: join(folder, 'gitea'), staticRoot: join(folder, 'static') };
  copyFileSync(binary.program, copy.program);
  copyFolder(binary.staticRoot, copy.staticRoot);
  return copy;
}

// https://docs.gitea.com/administration/config-cheat-sheet
function configuration(
  staticRoot: string,
  folder: string,
  user: string,
  { port, tokenSeconds }: GiteaSettings,
): string {
  return `RUN_USER = ${user}
WORK_PATH = ${folder}
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
[oauth2]
ACCESS_TOKEN_EXPIRATION_TIME = ${tokenSeconds}
; Each refresh token serves once.
INVALIDATE_REFRESH_TOKENS = true
[log]
MODE = console
; Every request, with its program at the end: the story reads what the product asked.
logger.access.MODE = console
`;
}
