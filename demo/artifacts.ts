import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What suites and stories leave behind, by what may stand in it. */
export const ARTIFACTS = ['logs', 'tables', 'histories', 'output'] as const;
export type Artifact = (typeof ARTIFACTS)[number];

let kept = 0;

/** Where somebody wants to look through it afterwards: `.ci/run` names a folder in UC_ARTIFACTS. */
export function keepsArtifacts(): boolean {
  return Boolean(process.env['UC_ARTIFACTS']);
}

function placeOf(kind: Artifact, name: string): string {
  const folder = join(process.env['UC_ARTIFACTS']!, kind);
  mkdirSync(folder, { recursive: true });
  kept += 1;
  return join(folder, `${process.pid}-${kept}-${name}`);
}

export function keepText(kind: Artifact, name: string, text: string): void {
  if (keepsArtifacts()) writeFileSync(placeOf(kind, name), text);
}

/** The logs of everything that ran on a data folder, before it is removed. */
export function keepLogs(dataDir: string): void {
  const folder = join(dataDir, 'logs');
  if (!keepsArtifacts() || !existsSync(folder)) return;
  for (const name of readdirSync(folder)) cpSync(join(folder, name), placeOf('logs', name));
}
