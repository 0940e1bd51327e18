import { dropProof, hasProof, storeProof } from '../db/admin-proofs.ts';
import { sourceInstance, type InstanceRow, type Sealed } from '../db/instances.ts';
import { DomainError } from '../domain/errors.ts';
import type { Answer } from '../ports/authority.ts';
import type { Deps } from './deps.ts';
import type { Person } from './identity.ts';

export const PROOF_KEPT_MS = 24 * 3_600_000;
const UNKNOWN: Answer<boolean> = { known: false };

/**
 * Reads both roles where they are true, now: site administrator at the instance, owner of the account at GitHub.com.
 * @param age `recent` accepts, where a source cannot be reached, a proof of the last 24 hours
 * @throws DomainError not_site_admin, not_account_owner, proof_unavailable
 */
export async function proveSiteAdmin(
  deps: Deps,
  person: Person,
  instance: InstanceRow,
  age: 'now' | 'recent',
): Promise<void> {
  // One after the other: of whoever is no site administrator, GitHub.com hears nothing.
  const siteAdmin = await isSiteAdmin(deps, person, instance);
  const notAdmin = refused(siteAdmin, 'not_site_admin');
  const owner = notAdmin ? UNKNOWN : await isOwner(deps, person, instance);
  const denied = notAdmin ?? refused(owner, 'not_account_owner');
  if (denied) {
    await dropProof(deps.pool, person.id, instance.id);
    throw denied;
  }
  const now = deps.clock();
  if (siteAdmin.known && owner.known) return storeProof(deps.pool, person.id, instance.id, now);
  const since = new Date(now.getTime() - PROOF_KEPT_MS);
  if (age === 'recent' && (await hasProof(deps.pool, person.id, instance.id, since))) return;
  throw new DomainError(
    'proof_unavailable',
    'Your roles could not be read at their source. Nothing was changed; try again shortly.',
    {
      facts: { instance: siteAdmin.known, account: owner.known },
    },
  );
}

function refused(answer: Answer<boolean>, code: 'not_site_admin' | 'not_account_owner'): DomainError | undefined {
  return answer.known && !answer.value ? new DomainError(code) : undefined;
}

async function isSiteAdmin(deps: Deps, person: Person, instance: InstanceRow): Promise<Answer<boolean>> {
  const credential = opened(deps, instance.credential, instance.id);
  if (credential === undefined) return UNKNOWN;
  return deps.authority.isSiteAdmin(sourceInstance(instance), credential, person.source);
}

async function isOwner(deps: Deps, person: Person, { account }: InstanceRow): Promise<Answer<boolean>> {
  const credential = opened(deps, account.credential, account.id);
  if (credential === undefined) return UNKNOWN;
  return deps.authority.isAccountOwner(account, credential, person.githubUserId);
}

/** Undefined where there is none, or none that our keys can read: either way nobody can be asked. */
function opened(deps: Deps, sealed: Sealed | undefined, boundTo: string): string | undefined {
  return sealed && deps.cipher.open(sealed.ciphertext, sealed.keyId, boundTo);
}
