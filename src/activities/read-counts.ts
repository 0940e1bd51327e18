import type { InstanceRow } from '../db/instances.ts';
import type { PageConnection } from '../db/sync-pages.ts';
import type { SourceFailure } from '../domain/errors.ts';
import type { Window } from '../domain/window.ts';
import type { SourceRead } from '../ports/source.ts';
import type { ActivityDeps } from './deps.ts';
import { openToken, refreshToken, type From } from './refresh-token.ts';

/** A token is refreshed when it has less than this to live, so that a page does not outlive it. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** What a fresh token may put right. */
const REFRESHABLE: ReadonlySet<SourceFailure> = new Set(['token_expired', 'token_revoked']);

/** What a read needs of all that activities are given. */
export type ReadingDeps = Pick<ActivityDeps, 'pool' | 'db' | 'sources' | 'cipher'>;

export function sourceOf(deps: ReadingDeps, instance: InstanceRow): From {
  // Only a refresh needs the OAuth App, and says so where it is missing.
  const where = deps.db.instances.sourceWithOAuth(instance, deps.cipher);
  return { source: deps.sources[instance.kind], where };
}

/**
 * One developer's counts, read with that developer's own token. Never throws for what a source can do, nor for an answer
 * that nobody foresaw; for the database it does, which is nobody's own trouble.
 */
export async function readCounts(
  deps: ReadingDeps,
  from: From,
  connection: PageConnection,
  window: Window,
  now: () => number,
  signal?: AbortSignal,
): Promise<SourceRead> {
  const isDue = connection.token.refreshCiphertext !== null && endsSoon(connection.token.expiresAt, now);
  const token = isDue
    ? await refreshToken(deps, from, connection, (expiresAt) => endsSoon(expiresAt, now), signal)
    : openToken(deps, connection.id, connection.token);
  if (typeof token !== 'string') return token;
  const answer = await readWith(token, from, connection, window, signal);
  if (answer.ok || !REFRESHABLE.has(answer.failure) || !connection.token.refreshCiphertext) return answer;
  // Its end may not be known, it may have been revoked early, or been refreshed by another reader a moment ago: one more
  // try with a fresh one.
  const fresh = await refreshToken(deps, from, connection, () => false, signal);
  return typeof fresh === 'string' ? readWith(fresh, from, connection, window, signal) : fresh;
}

function readWith(
  token: string,
  { source, where }: From,
  { userId, createdAt }: PageConnection,
  window: Window,
  signal: AbortSignal | undefined,
): Promise<SourceRead> {
  return source.read(where, token, { userId, createdAt }, window, signal).catch(() => BAD_ANSWER);
}

const BAD_ANSWER: SourceRead = { ok: false, failure: 'bad_answer', systemic: false };

function endsSoon(expiresAt: string | null, now: () => number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - now() < REFRESH_BEFORE_MS;
}
