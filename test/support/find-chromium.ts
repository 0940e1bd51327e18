import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** `CHROMIUM`, else the system's own, else the one that `npx playwright-core install chromium` fetched. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [env['CHROMIUM'], ...onPath, chromium.executablePath()].find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error('No Chromium: install your system’s, run "npx playwright-core install chromium", or set CHROMIUM.');
}
