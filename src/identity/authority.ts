import type { AddressRule } from '../net/address.ts';
import { createHttp, type HttpLimits } from '../net/http.ts';
import { isFields, isId, toUtcSecond } from '../net/json.ts';
import type { Authority } from '../ports/authority.ts';
import { createEnterprise } from './enterprise.ts';
import { createAsk, createLookUp, known, type LookUp, UNKNOWN } from './look-up.ts';
import { siteAdminAt } from './site-admin.ts';

export interface AuthoritySettings {
  /** `https://api.github.com`, without a slash at the end. */
  githubApiUrl: string;
  allowHttpLoopback: boolean;
  /** Looks up users at GitHub.com; without one that is limited to 60 look-ups an hour. */
  githubCredential?: string;
  limits?: Partial<HttpLimits>;
}

/** Reads roles where they are true, over the public APIs of an instance and of GitHub.com. */
export function createAuthority(settings: AuthoritySettings): Authority & { close(): Promise<void> } {
  const { githubApiUrl, allowHttpLoopback, githubCredential, limits } = settings;
  const http = createHttp(limits);
  const lookUp = createLookUp(http);
  const github: AddressRule = { baseUrl: githubApiUrl, allowHttpLoopback };
  const enterprise = createEnterprise(createAsk(http), github);
  return {
    isSiteAdmin: siteAdminAt(lookUp),
    async isAccountOwner({ kind, slug }, credential, githubUserId) {
      const user = await userById(lookUp, github, credential, githubUserId);
      if (!user.known) return UNKNOWN;
      if (user.value === null) return known(false);
      const owner = { id: githubUserId, login: user.value.login };
      if (kind === 'enterprise') return enterprise.hasOwner(slug, credential, owner);
      return ownsOrganization(lookUp, github, credential, slug, owner);
    },
    // An organization's connection is in no API: its operator records it.
    isConnected: ({ kind, slug }, credential, hostname) =>
      kind === 'enterprise' ? enterprise.hasConnected(slug, credential, hostname) : Promise.resolve(UNKNOWN),
    githubUser: (githubUserId) => userById(lookUp, github, githubCredential, githubUserId),
    close: () => http.close(),
  };
}

async function userById(look: LookUp, github: AddressRule, credential: string | undefined, userId: number) {
  const found = await look(github, `/user/${userId}`, credential);
  if (!found.known) return UNKNOWN;
  if (found.value === null) return known(null);
  const { id, login, created_at: created } = found.value;
  const createdAt = toUtcSecond(created);
  if (id !== userId || typeof login !== 'string' || createdAt === undefined) return UNKNOWN;
  return known({ login, createdAt });
}

async function ownsOrganization(
  look: LookUp,
  github: AddressRule,
  credential: string,
  organization: string,
  owner: { id: number; login: string },
) {
  const path = `/orgs/${encodeURIComponent(organization)}/memberships/${encodeURIComponent(owner.login)}`;
  const membership = await look(github, path, credential);
  if (!membership.known) return UNKNOWN;
  if (membership.value === null) return known(false);
  const { role, state, user } = membership.value;
  if (!isFields(user) || !isId(user['id'])) return UNKNOWN;
  // The login may have passed to somebody else between the two look-ups.
  return known(user['id'] === owner.id && role === 'admin' && state === 'active');
}
