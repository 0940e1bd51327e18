import { randomUUID } from 'node:crypto';
import { loadHeldToken } from '../../db/held-tokens.ts';
import type { Session } from '../../db/sessions.ts';
import { DomainError } from '../../domain/errors.ts';
import { connectPerson } from '../connect-person.ts';
import type { Deps } from '../deps.ts';
import { replaceToken } from '../replace-token.ts';
import { asPerson } from '../source-instance.ts';
import { connectionsOfPerson } from '../their-connection.ts';
import { demandActor } from './operate.ts';

/**
 * Both accounts are authorized: the token that waited becomes the connection's. Where they are connected already it
 * takes the place of the one that is there.
 * @returns the connection's page
 */
export async function finishConnect(deps: Deps, session: Session, heldTokenId: string | null): Promise<string> {
  const person = asPerson(demandActor(session));
  const held = heldTokenId === null ? undefined : await loadHeldToken(deps.pool, heldTokenId);
  const token = held && deps.cipher.open(held.ciphertext, held.keyId, held.id);
  // Given back meanwhile: it took too long. One of another instance is of another connect.
  if (held === undefined || token === undefined || held.instanceId !== person.instanceId) {
    throw new DomainError('sign_in_invalid');
  }
  const refreshToken =
    held.refreshCiphertext === null ? undefined : deps.cipher.open(held.refreshCiphertext, held.keyId, held.id);
  const given = { token, refreshToken, expiresAt: held.expiresAt ?? undefined };
  const there = (await connectionsOfPerson(deps, person)).find((row) => row.instanceId === person.instanceId);
  if (there) {
    await replaceToken(deps, there, given, held.id);
    return `/connections/${there.id}`;
  }
  const operationId = randomUUID();
  const id = await connectPerson(deps, person, { given, heldTokenId: held.id, at: deps.clock(), operationId });
  return `/connections/${id}`;
}
