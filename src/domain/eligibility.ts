import type { SharingStatus } from './sharing.ts';

/** The checks of an access request, in the order in which they are told. */
export const CHECKS = [
  'not_site_admin',
  'not_account_owner',
  'not_connected',
  'already_available',
  'turning_off',
  'proof_unavailable',
] as const;
export type CheckCode = (typeof CHECKS)[number];
export type AccountKind = 'organization' | 'enterprise';
export type Terms = 'standard' | 'custom';

export interface FailedCheck {
  code: CheckCode;
  /** What to do about it, a sentence for the requester. */
  remedy: string;
}

/** What was read at the sources of truth; `undefined` where one could not be reached. */
export interface EligibilityFacts {
  siteAdmin: boolean | undefined;
  accountOwner: boolean | undefined;
  connected: boolean | undefined;
  sharing: SharingStatus;
  terms: Terms | null;
  accountKind: AccountKind;
}

export type Eligibility =
  { reachable: false } | { reachable: true; failed: CheckCode[]; terms: Terms; accountKind: AccountKind };

const REMEDIES: Readonly<Record<CheckCode, (account: string) => string>> = {
  not_site_admin: () =>
    'Ask a site administrator of the instance to request access, or to make you one, then request again.',
  not_account_owner: (account) =>
    `Ask an owner of the connected ${account} to request access, or to make you one, then request again.`,
  not_connected: (account) => `Enable GitHub Connect between the instance and the ${account}, then request again.`,
  already_available: () =>
    'Nothing needs to be requested: enable sharing in the settings of the instance and of the account.',
  turning_off: () =>
    'Sharing is still being turned off. Wait until that is shown as done, then request again if access was revoked.',
  proof_unavailable: () =>
    'The instance or GitHub.com could not be asked about your roles. Nothing was decided; request again in a few minutes.',
};

export function remedyOf(code: CheckCode, kind: AccountKind): string {
  return REMEDIES[code](kind === 'organization' ? 'organization' : 'enterprise account');
}

export function failedChecks(codes: readonly CheckCode[], kind: AccountKind): FailedCheck[] {
  return codes.map((code) => ({ code, remedy: remedyOf(code, kind) }));
}

/**
 * Every check is told, so nothing is decided while one is unknown. Terms that nobody recorded count as custom: a
 * person looks.
 */
export function judge(facts: EligibilityFacts): Eligibility {
  const { siteAdmin, accountOwner, connected, sharing, accountKind } = facts;
  if (siteAdmin === undefined || accountOwner === undefined || connected === undefined) return { reachable: false };
  const fails: Partial<Record<CheckCode, boolean>> = {
    not_site_admin: !siteAdmin,
    not_account_owner: !accountOwner,
    not_connected: !connected,
    already_available: sharing !== 'unavailable' && sharing !== 'turning_off',
    turning_off: sharing === 'turning_off',
  };
  const failed = CHECKS.filter((code) => fails[code] === true);
  return { reachable: true, failed, terms: facts.terms ?? 'custom', accountKind };
}
