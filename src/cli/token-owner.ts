import type { TokenOwner } from '../db/api-tokens.ts';
import { listInstances } from '../db/instances.ts';
import type { Queryable } from '../db/pool.ts';
import { DomainError } from '../domain/errors.ts';
import { misused } from './failure.ts';

/** A token's owner as the command names it. */
export interface Ownership {
  role: 'operator' | 'support' | 'person';
  instance?: string;
  userId?: number;
  createdAt?: string;
  githubUserId?: number;
}

const OF_A_PERSON = '--instance, --user-id, --created-at and --github-user-id';

/** A person is known by ids at both ends, never by a login. @throws Failure, DomainError not_found */
export async function ownerOf(db: Queryable, given: Ownership): Promise<TokenOwner> {
  const { role, instance, userId, createdAt, githubUserId } = given;
  if (role !== 'person') {
    const extra = [instance, userId, createdAt].some((one) => one !== undefined);
    if (extra) throw misused('--instance, --user-id and --created-at are for the role "person" alone.');
    if (role === 'support') return { role, githubUserId: accountOf(githubUserId) };
    if (githubUserId !== undefined) throw misused('--github-user-id is for the roles "person" and "support".');
    return { role };
  }
  if (instance === undefined || userId === undefined || createdAt === undefined || githubUserId === undefined) {
    throw misused(`A token of a person needs ${OF_A_PERSON}.`);
  }
  const instanceId = await instanceIdOf(db, instance);
  return { role, person: { instanceId, source: { userId, createdAt }, githubUserId } };
}

/** Else whoever holds the token could decide a request of their own. */
function accountOf(githubUserId: number | undefined): number {
  if (githubUserId === undefined)
    throw misused('A token of support needs --github-user-id: nobody decides a request of their own.');
  return githubUserId;
}

async function instanceIdOf(db: Queryable, named: string): Promise<string> {
  const known = await listInstances(db);
  const found = known.find(({ id, hostname }) => id === named || hostname === named.toLowerCase());
  if (!found) throw new DomainError('not_found', `No instance has the id or the host name "${named}".`);
  return found.id;
}
