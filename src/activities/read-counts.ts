import type { PageConnection } from '../db/sync-pages.ts';
import { DomainError, type SourceFailure } from '../domain/errors.ts';
import type { Window } from '../domain/window.ts';
import type { Source, SourceInstance, SourceRead, SourceReadFailure } from '../ports/source.ts';
import type { ActivityDeps } from './deps.ts';
import type { InstanceRow } from '../db/instances.ts';

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
    where.oauth = { clientId, clientSecret: deps.cipher.open(secret.ciphertext, secret.keyId, instance.id) };
  }
  return { source: deps.sources[instance.kind], where };
}

/** One developer's counts, read with that developer's own token. Never throws for what a source can do. */
export async function readCounts(
  deps: ReadingDeps,
  from: { source: Source; where: SourceInstance },
  connection: PageConnection,
  window: Window,
  now: () => number,
  signal?: AbortSignal,
): Promise<SourceRead> {
  const isDue = connection.token.refreshCiphertext !== null && endsSoon(connection.token.expiresAt, now);
  const token = isDue
    ? await refreshToken(deps, from, connection, (expiresAt) => endsSoon(expiresAt, now), signal)
    : open(deps, connection.id, connection.token);
  if (typeof token !== 'string') return token;
  const who = { userId: connection.userId, createdAt: connection.createdAt };
  const answer = await from.source.read(from.where, token, who, window, signal);
  if (answer.ok || !REFRESHABLE.has(answer.failure) || !connection.token.refreshCiphertext) return answer;
  // Its end may not be known, it may have been revoked early, or been refreshed by another reader a moment ago: one more
  // try with a fresh one.
  const fresh = await refreshToken(deps, from, connection, () => false, signal);
  return typeof fresh === 'string' ? from.source.read(from.where, fresh, who, window, signal) : fresh;
}

function endsSoon(expiresAt: string | null, now: () => number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - now() < REFRESH_BEFORE_MS;
}

function open(
  deps: ReadingDeps,
  connectionId: string,
  token: { ciphertext: Buffer; keyId: string },
): string | SourceReadFailure {
  try {
    return deps.cipher.open(token.ciphertext, token.keyId, connectionId);
  } catch (error) {
    if (error instanceof DomainError) return { ok: false, failure: 'token_unreadable', systemic: false };
    throw error;
  }
}

/** Single flight under the row's lock; the new pair is stored before its first use. */
async function refreshToken(
  deps: ReadingDeps,
  from: { source: Source; where: SourceInstance },
  connection: PageConnection,
  stillDue: (expiresAt: string | null) => boolean,
  signal?: AbortSignal,
): Promise<string | SourceReadFailure> {
  let failed: SourceReadFailure | undefined;
  const stored = await deps.db.tokens.refreshLocked(deps.pool, connection.id, async (current) => {
    // Another reader refreshed it while this one waited: its token serves, unless it is to be refreshed again by now.
    const newer = current.version !== connection.token.version;
    if (!current.refreshCiphertext || (newer && !stillDue(current.expiresAt))) return undefined;
    const refresh = open(deps, connection.id, { ciphertext: current.refreshCiphertext, keyId: current.keyId });
    if (typeof refresh !== 'string') {
      failed = refresh;
      return undefined;
    }
    const answer = await from.source.refresh(from.where, refresh, signal);
    if (!answer.ok) {
      failed = answer;
      return undefined;
    }
    const access = deps.cipher.seal(answer.accessToken, connection.id);
    // One that stays is sealed anew all the same: both are under one key.
    const next = deps.cipher.seal(answer.refreshToken ?? refresh, connection.id);
    return { ...access, refreshCiphertext: next.ciphertext, expiresAt: answer.expiresAt ?? null };
  });
  if (failed) return failed;
  if (!stored) return { ok: false, failure: 'token_revoked', systemic: false };
  return open(deps, connection.id, stored);
}
