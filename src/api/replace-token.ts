import { randomUUID } from 'node:crypto';
import { lockConnection } from '../db/connection-steps.ts';
import { loadToken, type StoredToken } from '../db/connection-tokens.ts';
import { loadConnection, storeToken, type ConnectionRow } from '../db/connections.ts';
import { holdToken, takeHeldToken } from '../db/held-tokens.ts';
import { inTransaction, type Client } from '../db/pool.ts';
import { isLive } from '../domain/connection.ts';
import { DomainError } from '../domain/errors.ts';
import type { Deps } from './deps.ts';
import { sealedToken, type GivenToken } from './verify-token.ts';

/**
 * Stores another token of the same developer; the one that was there is given back at the instance.
 * @returns `live` where the connection needs nothing more: nobody has accepted its removal by then
 * @throws DomainError not_found where it was forgotten meanwhile; sign_in_invalid where the token was given back
 */
export async function replaceToken(
  deps: Deps,
  row: Pick<ConnectionRow, 'id' | 'instanceId'>,
  given: GivenToken,
  heldTokenId?: string,
): Promise<'live' | 'removed'> {
  return inTransaction(deps.pool, async (tx) => {
    const { erased_at: erasedAt } = await lockConnection(tx, row.id);
    // Forgotten meanwhile: no token may be kept.
    if (erasedAt) throw new DomainError('not_found');
    const taken = heldTokenId === undefined || (await takeHeldToken(tx, heldTokenId, deps.clock()));
    if (!taken) throw new DomainError('sign_in_invalid');
    const stored = await loadToken(tx, row.id);
    // One that waited may have been overtaken by a refresh, or by another sign-in.
    if (heldTokenId === undefined || !endsLater(stored, given)) {
      await giveBackStored(deps, tx, row, stored, given.token);
      await storeToken(tx, row.id, sealedToken(deps, row.id, given));
    }
    const { state, switchedOff, restoreUntil } = (await loadConnection(tx, row.id))!;
    return isLive(state.status) && !switchedOff && restoreUntil === null ? 'live' : 'removed';
  });
}

function endsLater(stored: StoredToken | undefined, { expiresAt }: GivenToken): boolean {
  return Boolean(stored?.expiresAt && expiresAt !== undefined && stored.expiresAt > expiresAt);
}

/** One that our keys do not open ends by itself, or with the grant. */
async function giveBackStored(
  { cipher, clock }: Deps,
  tx: Client,
  { id, instanceId }: Pick<ConnectionRow, 'id' | 'instanceId'>,
  stored: StoredToken | undefined,
  fresh: string,
): Promise<void> {
  const token = stored && cipher.open(stored.ciphertext, stored.keyId, id);
  if (token === undefined || token === fresh) return;
  const heldId = randomUUID();
  const { ciphertext, keyId } = cipher.seal(token, heldId);
  await holdToken(tx, { id: heldId, instanceId, ciphertext, keyId, refreshCiphertext: null, expiresAt: null }, clock());
}
