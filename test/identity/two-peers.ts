import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { startGitHubPeer, type GitHubPeer } from '../../demo/peers/github-peer.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { createAuthority, type AuthoritySettings } from '../../src/identity/authority.ts';
import type { AccountRef, Answer, Authority } from '../../src/ports/authority.ts';
import type { SourceIdentity, SourceInstance } from '../../src/ports/source.ts';

export const ACME: AccountRef = { id: 'acme', kind: 'organization', slug: 'acme' };
export const ENTERPRISE: AccountRef = { id: 'acme-inc', kind: 'enterprise', slug: 'acme-inc' };
export const OWNER = DEMO_TOKENS.enterpriseOwner;

export const YES = { known: true, value: true };
export const NO = { known: true, value: false };
export const UNKNOWN = { known: false };

/** An instance and GitHub.com, and questions to them about the demo's people. */
export interface TwoPeers {
  github: GitHubPeer;
  instance: InstancePeer;
  authority: Authority;
  identityOf(key: string): SourceIdentity;
  isSiteAdmin(key: string, who?: SourceIdentity, credential?: string): Promise<Answer<boolean>>;
  /** With the credential that was registered for such an account, unless said. */
  owns(account: AccountRef, key: string, credential?: string): Promise<Answer<boolean>>;
  close(): Promise<void>;
}

export async function startTwoPeers(limits: AuthoritySettings['limits'] = {}): Promise<TwoPeers> {
  const [github, instance] = await Promise.all([startGitHubPeer(), startInstancePeer()]);
  const githubCredential = DEMO_TOKENS.github('ada');
  const authority = createAuthority({ githubApiUrl: github.url, allowHttpLoopback: true, githubCredential, limits });
  const where: SourceInstance = { id: 'i', kind: 'ghes', baseUrl: instance.url, allowHttpLoopback: true };
  const registered = { organization: DEMO_TOKENS.installation('acme'), enterprise: OWNER };
  const identityOf = (key: string) => {
    const { id: userId, createdAt } = instance.people.get(key);
    return { userId, createdAt };
  };
  return {
    github,
    instance,
    authority,
    identityOf,
    isSiteAdmin: (key, who = identityOf(key), credential: string = DEMO_TOKENS.instanceReader) =>
      authority.isSiteAdmin(where, credential, who),
    owns: (account, key, credential = registered[account.kind]) =>
      authority.isAccountOwner(account, credential, github.people.get(key).id),
    async close() {
      await authority.close();
      await Promise.all([github.close(), instance.close()]);
    },
  };
}
