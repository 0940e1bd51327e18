import { type Fields, isFields, isId, toUtcSecond } from '../net/json.ts';
import type { Answer, Authority } from '../ports/authority.ts';
import type { SourceIdentity } from '../ports/source.ts';
import { known, type LookUp, UNKNOWN } from './look-up.ts';

/** A user's role at the instance, looked up by number with the instance's own credential. */
export function siteAdminAt(lookUp: LookUp): Authority['isSiteAdmin'] {
  return (instance, credential, who) => {
    const look = (path: string) => lookUp(instance, path, credential);
    return instance.kind === 'ghes' ? atGhes(look, who) : atGitea(look, who);
  };
}

type Look = (path: string) => Promise<Answer<Fields | null>>;

async function atGhes(look: Look, who: SourceIdentity): Promise<Answer<boolean>> {
  const found = await look(`/api/v3/user/${who.userId}`);
  if (!found.known) return UNKNOWN;
  if (found.value === null) return known(false);
  const { id, created_at: createdAt, site_admin: siteAdmin, suspended_at: suspendedAt } = found.value;
  const same = isThatUser(id, createdAt, who);
  if (same === undefined || typeof siteAdmin !== 'boolean') return UNKNOWN;
  return known(same && siteAdmin && (suspendedAt ?? null) === null);
}

/** Gitea finds a user by number only in its search, and shows `is_admin` of others to administrators alone. */
async function atGitea(look: Look, who: SourceIdentity): Promise<Answer<boolean>> {
  const reader = await look('/api/v1/user');
  if (!reader.known || reader.value?.['is_admin'] !== true) return UNKNOWN;
  const found = await look(`/api/v1/users/search?uid=${who.userId}&limit=1`);
  const users = found.known ? found.value?.['data'] : undefined;
  if (!Array.isArray(users)) return UNKNOWN;
  const user: unknown = users[0];
  if (user === undefined) return known(false);
  if (!isFields(user)) return UNKNOWN;
  const { id, created, is_admin: siteAdmin, prohibit_login: prohibited, active } = user;
  const same = isThatUser(id, created, who);
  if (same === undefined || typeof siteAdmin !== 'boolean') return UNKNOWN;
  return known(same && siteAdmin && prohibited !== true && active !== false);
}

/** Undefined where the answer names nobody: then it says nothing of anybody's role either. */
function isThatUser(id: unknown, createdAt: unknown, who: SourceIdentity): boolean | undefined {
  const since = toUtcSecond(createdAt);
  if (!isId(id) || since === undefined) return undefined;
  return id === who.userId && since === who.createdAt;
}
