import type { SignedIn } from '../db/sessions.ts';
import { sourceInstance } from '../db/instances.ts';
import { DomainError } from '../domain/errors.ts';
import type { Granted } from '../identity/provider.ts';
import type { SourceIdentity } from '../ports/source.ts';
import type { Deps } from './deps.ts';
import { failureError } from './failure-words.ts';
import type { At } from './sign-in.ts';

/**
 * Who somebody is at the place that they come from, by what that place says of their token.
 * @param needsScope a developer's own counts are to be read with it
 * @throws DomainError sign_in_unavailable, forbidden, a failure class
 */
export async function whoCame(deps: Deps, at: At, granted: Granted, needsScope: boolean): Promise<SignedIn> {
  switch (at.place) {
    case 'instance': {
      const answer = await deps.sources[at.instance.kind].whoami(sourceInstance(at.instance), granted.accessToken);
      if (!answer.ok) throw failureError(answer.failure, deps.clock(), answer.retryAfterMs);
      if (needsScope && !answer.seesPrivateWork) throw failureError('scope_missing', deps.clock());
      const { userId, createdAt } = answer;
      return { source: { instanceId: at.instance.id, userId, createdAt } };
    }
    case 'github': {
      const githubUserId = await deps.github.whoami(granted.accessToken);
      if (githubUserId === undefined) throw new DomainError('sign_in_unavailable');
      return { githubUserId };
    }
    case 'staff':
      return { staff: staffOf(deps, granted) };
  }
}

function staffOf({ config }: Deps, { claims }: Granted): NonNullable<SignedIn['staff']> {
  const { iss: issuer, sub: subject } = claims ?? {};
  if (typeof issuer !== 'string' || typeof subject !== 'string') throw new DomainError('sign_in_unavailable');
  if (!isSupport(config.STAFF_CLAIM, claims ?? {})) {
    throw new DomainError(
      'sign_in_refused',
      'Your account is not one of support. Ask whoever runs the accounts of staff.',
    );
  }
  return { issuer, subject };
}

/** `groups=support`: the claim is that, or a list with it. Without the setting, whomever the issuer lets in. */
function isSupport(rule: string | undefined, claims: Readonly<Record<string, unknown>>): boolean {
  if (rule === undefined) return true;
  const at = rule.indexOf('=');
  const claim = claims[rule.slice(0, at)];
  const wanted = rule.slice(at + 1);
  return Array.isArray(claim) ? claim.includes(wanted) : claim === wanted;
}

/**
 * What a browser is signed in with, after it signed in at one more place. Another account than the one it had begins
 * anew: nobody's instance is paired with somebody else's profile by leaving a browser open.
 */
export function after(before: SignedIn, came: SignedIn): SignedIn {
  if (came.staff) return came;
  if (before.staff) return came.source ? came : { ...before, ...came };
  const both = { ...before, ...came };
  return isSamePerson(before, both) ? both : came;
}

/** Whether nothing that a browser was signed in with was given up for what it is now. */
export function isSamePerson(before: SignedIn, now: SignedIn): boolean {
  const { source, githubUserId, staff } = before;
  const keepsSource = !source || (now.source !== undefined && isSame(source, now.source));
  const keepsStaff = !staff || (staff.issuer === now.staff?.issuer && staff.subject === now.staff.subject);
  return keepsSource && keepsStaff && (githubUserId === undefined || githubUserId === now.githubUserId);
}

/** @throws DomainError other_person where a browser that is signed in comes back as somebody else */
export function demandSame(before: SignedIn, came: SignedIn): void {
  if (before.staff || !isSamePerson(before, after(before, came))) throw new DomainError('other_person');
}

function isSame(one: { instanceId: string } & SourceIdentity, other: { instanceId: string } & SourceIdentity): boolean {
  return one.instanceId === other.instanceId && one.userId === other.userId && one.createdAt === other.createdAt;
}
