import { sourceInstance, type InstanceRow } from '../db/instances.ts';
import type { NewConnection } from '../db/connections.ts';
import { SOURCE_FAILURES } from '../domain/errors.ts';
import type { SourceIdentity } from '../ports/source.ts';
import type { Deps } from './deps.ts';
import { failureError } from './failure-words.ts';

/** What a look at `/user` with somebody's token can end in. */
export const WHOAMI_FAILURES = SOURCE_FAILURES;

/**
 * Asks the instance whose token it is. A login is never compared: numeric id and creation time are.
 * @throws DomainError a failure class; identity_mismatch for somebody else's token
 */
export async function verifyToken(
  deps: Deps,
  instance: InstanceRow,
  token: string,
  who: SourceIdentity,
): Promise<void> {
  const answer = await deps.sources[instance.kind].whoami(sourceInstance(instance), token);
  const now = deps.clock();
  if (!answer.ok) throw failureError(answer.failure, now, answer.retryAfterMs);
  if (!answer.seesPrivateWork) throw failureError('scope_missing', now);
  const same = answer.userId === who.userId && Date.parse(answer.createdAt) === Date.parse(who.createdAt);
  if (!same) throw failureError('identity_mismatch', now);
}

export interface GivenToken {
  token: string;
  refreshToken?: string | undefined;
  expiresAt?: string | undefined;
}

/** Both ciphertexts are bound to the connection, under one key. */
export function sealedToken(deps: Deps, connectionId: string, given: GivenToken): NewConnection['token'] {
  const { ciphertext, keyId } = deps.cipher.seal(given.token, connectionId);
  const refresh =
    given.refreshToken === undefined ? null : deps.cipher.seal(given.refreshToken, connectionId).ciphertext;
  return { ciphertext, keyId, refreshCiphertext: refresh, expiresAt: given.expiresAt ?? null };
}
