import type { SourceInstance, SourceIdentity } from './source.ts';

/** An answer read at the source of truth; `unknown` means that it could not be reached. */
export type Answer<T> = { known: true; value: T } | { known: false };

export interface AccountRef {
  id: string;
  kind: 'organization' | 'enterprise';
  slug: string;
}

/** Reads roles and facts where they are true: at the instance and at GitHub.com. Second implementation: Gitea's. */
export interface Authority {
  /** Whether this user is a site administrator of the instance now. Endpoint: `GET /user/:id` with the instance's credential. */
  isSiteAdmin(instance: SourceInstance, credential: string, who: SourceIdentity): Promise<Answer<boolean>>;
  /** Whether this GitHub.com user owns the account now. */
  isAccountOwner(account: AccountRef, credential: string, githubUserId: number): Promise<Answer<boolean>>;
  /** Whether GitHub Connect joins the instance to the enterprise account, by host name. */
  isConnected(account: AccountRef, credential: string, hostname: string): Promise<Answer<boolean>>;
  /** Who a GitHub.com user id is. */
  githubUser(githubUserId: number): Promise<Answer<{ login: string; createdAt: string } | null>>;
}
