import type { InstanceRow } from '../db/instances.ts';
import type { PageConnection } from '../db/sync-pages.ts';
import type { SourceFailure } from '../domain/errors.ts';
import type { Window } from '../domain/window.ts';
import type { Source, SourceInstance, SourceRead } from '../ports/source.ts';
import type { ActivityDeps } from './deps.ts';
import { openToken, refreshToken } from './refresh-token.ts';

/** A token is refreshed when it has less than this to live, so that a page does not outlive it. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** What a fresh token may put right. */
const REFRESHABLE: ReadonlySet<SourceFailure> = new Set(['token_expired', 'token_revoked']);

/** What a read needs of all that activities are given. */
export type ReadingDeps = Pick<ActivityDeps, 'pool' | 'db' | 'sources' | 'cipher'>;

export function sourceOf(deps: ReadingDeps, instance: InstanceRow): { source: Source; where: SourceInstance } {
  const where = deps.db.instances.sourceInstance(instance);
  if (instance.oauth) {
    const { clientId, secret } = instance.oauth;
    const clientSecret = deps.cipher.tryOpen(secret.ciphertext, secret.keyId, instance.id);
    // Only a refresh needs it, and says so where it is missing.
    if (clientSecret !== undefined) where.oauth = { clientId, clientSecret };
  }
  return { source: deps.sources[instance.kind], where };
}

/**
 * One developer's counts, read with that developer's own token. Never throws for what a source can do, nor for an answer
 * that nobody foresaw; for the database it does, which is nobody's own trouble.
 */
export async function readCounts(
  deps: ReadingDeps,
  from: { source: Source; where: SourceInstance },
  connection: PageConnection,
  window: Window,
  now: () => number,
  signal?: AbortSignal,
): Promise<SourceRead> {
  const who = { userId: connection.userId, createdAt: connection.createdAt };
  const readWith = async (token: string): Promise<SourceRead> => {
    try {
      return await from.source.read(from.where, token, who, window, signal);
    } catch {
      return { ok: false, failure: 'bad_answer', systemic: false };
    }
  };
  const isDue = connection.token.refreshCiphertext !== null && endsSoon(connection.token.expiresAt, now);
  const token = isDue
    ? await refreshToken(deps, from, connection, (expiresAt) => endsSoon(expiresAt, now), signal)
    : openToken(deps, connection.id, connection.token);
  if (typeof token !== 'string') return token;
  const answer = await readWith(token);
  if (answer.ok || !REFRESHABLE.has(answer.failure) || !connection.token.refreshCiphertext) return answer;
  // Its end may not be known, it may have been revoked early, or been refreshed by another reader a moment ago: one more
  // try with a fresh one.
  const fresh = await refreshToken(deps, from, connection, () => false, signal);
  return typeof fresh === 'string' ? readWith(fresh) : fresh;
}

function endsSoon(expiresAt: string | null, now: () => number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - now() < REFRESH_BEFORE_MS;
}
