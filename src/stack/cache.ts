import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs that were built or downloaded are kept for every checkout of this user: `UC_CACHE_DIR`, else the system's own place. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['UC_CACHE_DIR']) return env['UC_CACHE_DIR'];
  const base =
    env['XDG_CACHE_HOME'] ||
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'unified-contributions');
}
