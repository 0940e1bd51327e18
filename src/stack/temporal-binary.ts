import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from './problem.ts';
import { buildWithGo } from './temporal-build.ts';
import { downloadServer, isExecutable } from './temporal-download.ts';

/** The last CLI that `go install` can build: later ones have a `replace` in go.mod that points inside their own repository. */
const CLI = '1.5.1';
const OLDEST_SERVER = { major: 1, minor: 29 };

export type TemporalBinaryOptions = { cacheDir: string; log: Log; path?: string };

/** Path of a `temporal` program: the person's own when new enough, else one from our cache, a download, or a build, in this order. */
export async function findTemporalBinary({
  cacheDir,
  log,
  path = process.env['PATH'],
}: TemporalBinaryOptions): Promise<string> {
  const target = join(cacheDir, `temporal-cli-${CLI}`, 'temporal');
  return (
    (await findOnPath(path ?? '', log)) ??
    (existsSync(target) ? target : undefined) ??
    (await downloadServer('dev-server', join(cacheDir, 'temporal-cli-download'), log, `v${CLI}`)) ??
    (await buildWithGo({
      module: `github.com/temporalio/cli/cmd/temporal@v${CLI}`,
      target,
      cacheDir,
      log,
      env: process.env,
    }))
  );
}

/** The server's version in what `temporal --version` prints, such as "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". */
export function serverVersion(output: string): { major: number; minor: number } | undefined {
  const match = /\bServer v?(\d+)\.(\d+)/i.exec(output);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

export function isNewEnough(version: { major: number; minor: number } | undefined): boolean {
  if (!version) return false;
  return version.major === OLDEST_SERVER.major
    ? version.minor >= OLDEST_SERVER.minor
    : version.major > OLDEST_SERVER.major;
}

async function findOnPath(path: string, log: Log): Promise<string | undefined> {
  const folders = path.split(delimiter).filter(Boolean);
  for (const program of folders.map((folder) => join(folder, 'temporal')).filter(isExecutable)) {
    const output = await promisify(execFile)(program, ['--version'], { timeout: 10_000 }).then(
      ({ stdout }) => stdout,
      () => '',
    );
    if (isNewEnough(serverVersion(output))) return program;
    log(
      `Passing over ${program} ("${output.trim()}"): a server of ${OLDEST_SERVER.major}.${OLDEST_SERVER.minor} or newer is needed.`,
    );
  }
  return undefined;
}
