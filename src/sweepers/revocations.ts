import { addMs, HOUR_MS } from '../domain/dates.ts';
import { SOURCE_KINDS, type SourceKind } from '../domain/source-label.ts';
import * as tokens from '../db/connection-tokens.ts';
import { loadInstance, sourceWithOAuth } from '../db/instances.ts';
import type { Pool } from '../db/pool.ts';
import type { Source } from '../ports/source.ts';
import type { TokenCipher } from '../ports/token-cipher.ts';

export interface RevocationDeps {
  pool: Pool;
  sources: Record<SourceKind, Source>;
  cipher: TokenCipher;
  clock: () => Date;
}

const BATCH = 50;
/** So many instances are asked at once, each for one token after the other. */
const INSTANCES_AT_ONCE = 8;
/** One that answers slowly keeps the others' next sweep waiting no longer than this. */
const LONGEST_MS = 60_000;

/**
 * Revokes at the instance the tokens of links that have ended, each for 7 days at the most; then the ciphertext goes,
 * whatever the instances do. Ends early when `stop` is aborted.
 */
export async function revokeTokens(deps: RevocationDeps, stop?: AbortSignal): Promise<void> {
  const asOf = deps.clock().toISOString();
  const unrevocable = SOURCE_KINDS.filter((kind) => !deps.sources[kind].tokensRevocable);
  await tokens.giveUpRevocations(deps.pool, asOf, unrevocable);
  const retryAt = addMs(asOf, HOUR_MS);
  const due = await tokens.takeRevocations(deps.pool, asOf, BATCH, retryAt);
  const instances = [...new Set(due.map(({ instanceId }) => instanceId))];
  const timeLimit = AbortSignal.timeout(LONGEST_MS);
  const signal = stop ? AbortSignal.any([stop, timeLimit]) : timeLimit;
  const asker = async () => {
    for (let next = instances.shift(); next; next = instances.shift()) {
      const theirs = due.filter(({ instanceId }) => instanceId === next);
      const left = await revokeAt(deps, next, theirs, signal);
      if (left && !stop?.aborted) await tokens.postponeRevocations(deps.pool, next, asOf, retryAt);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: INSTANCES_AT_ONCE }, asker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** @returns whether the instance is to be left for now: it is in trouble, or took too long */
async function revokeAt(
  deps: RevocationDeps,
  instanceId: string,
  due: tokens.DueRevocation[],
  signal: AbortSignal,
): Promise<boolean> {
  const instance = await loadInstance(deps.pool, instanceId);
  if (!instance) return true;
  const where = sourceWithOAuth(instance, deps.cipher);
  if (where.oauth === undefined) return true;
  for (const { connectionId, ...sealed } of due) {
    if (signal.aborted) return true;
    const token = deps.cipher.open(sealed.ciphertext, sealed.keyId, connectionId);
    if (token === undefined) continue;
    const answer = await deps.sources[instance.kind].revoke(where, token, signal);
    if (answer.ok) {
      await tokens.settleRevocation(deps.pool, connectionId, answer.already ? 'already_invalid' : 'revoked');
    } else if (answer.systemic || answer.failure === 'rate_limited') {
      // The limit is one of the OAuth App here, not of a user.
      return true;
    }
  }
  return false;
}
