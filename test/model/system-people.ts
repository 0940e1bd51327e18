import { NO_HABIT, type Person } from '../../demo/peers/person.ts';
import { DEMO_OAUTH_APPLICATION, DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import { createToken, type TokenOwner } from '../../src/db/api-tokens.ts';
import type { ApiWorld } from '../api/api-world.ts';
import { caller, type Caller } from '../api/client.ts';
import { ADMINS, PROFILES, USERS, type Admin, type Profile, type User } from './product.ts';

/** The servers and people around one sequence; no other sequence knows them. */
export interface Surroundings {
  instanceId: string;
  peer: InstancePeer;
  /** Of the admins at GitHub.com, by whose address an outage is aimed. */
  githubIds: Record<Admin, number>;
  githubKeys: Record<Admin, string>;
  organization: string;
  admins: Record<Admin, Caller>;
  support: Record<'support' | 'ada', Caller>;
  accountId: string;
  /** A user of the instance, as one account of GitHub.com. */
  person(user: User, as: Profile): Caller;
  /** New API tokens for all who share one of these accounts. */
  renew(user: User, as: Profile): Promise<void>;
  /** Of the accounts of GitHub.com that users have. */
  githubLogins: Record<Profile, string>;
  hostname: string;
}

const CREATED = '2020-01-01T00:00:00Z';
let sequences = 0;

const byKey = <Key extends string, Value>(keys: readonly Key[], valueOf: (key: Key, at: number) => Value) =>
  Object.fromEntries(keys.map((key, at) => [key, valueOf(key, at)])) as Record<Key, Value>;

export async function surround(world: ApiWorld): Promise<Surroundings> {
  sequences += 1;
  const number = 100_000_000 + sequences * 100;
  const organization = `org-${sequences}`;
  const peer = await startInstancePeer({ people: peopleAtInstance() });
  const githubIds = byKey(ADMINS, (_key, at) => number + at);
  const githubKeys = byKey(ADMINS, (key) => `${key}-${sequences}`);
  for (const key of ADMINS) {
    world.github.people.add({ key: githubKeys[key], id: githubIds[key], login: githubKeys[key] });
  }
  const installationToken = `ghs_of_${organization}`;
  const owner = { role: 'admin', state: 'active' } as const;
  world.github.accounts.all().organizations.push({
    id: number,
    login: organization,
    name: organization,
    createdAt: CREATED,
    installationToken,
    members: Object.fromEntries(ADMINS.map((key) => [githubKeys[key], owner])),
  });
  const { instanceId, accountId } = await register(world, peer, organization, installationToken);
  const tokenFor = async (owned: TokenOwner) => {
    const made = await createToken(world.pool, { name: 'model', owner: owned, actor: 'test', at: new Date() });
    return caller(world.url, made.token);
  };
  const personal = (key: string, githubUserId: number) => {
    const { id: userId, createdAt } = peer.people.get(key);
    return tokenFor({ role: 'person', person: { instanceId, source: { userId, createdAt }, githubUserId } });
  };
  const admins = { ada: await personal('ada', githubIds.ada), ines: await personal('ines', githubIds.ines) };
  const githubLogins = byKey(PROFILES, (key) => `${key}-at-github-${sequences}`);
  for (const [at, key] of PROFILES.entries()) {
    world.github.people.add({ key: githubLogins[key], id: number + 10 + at, login: githubLogins[key] });
  }
  const people = new Map<string, Caller>();
  const renew = async (isTheirs: (user: User, as: Profile) => boolean) => {
    for (const user of USERS) {
      for (const [at, as] of PROFILES.entries()) {
        if (isTheirs(user, as)) people.set(`${user} ${as}`, await personal(user, number + 10 + at));
      }
    }
  };
  await renew(() => true);
  return {
    instanceId,
    accountId,
    peer,
    githubIds,
    githubKeys,
    organization,
    admins,
    support: { support: world.support, ada: await tokenFor({ role: 'support', githubUserId: githubIds.ada }) },
    person: (user, as) => people.get(`${user} ${as}`)!,
    renew: (user, as) => renew((one, other) => one === user || other === as),
    githubLogins,
    hostname: `${organization}.example`,
  };
}

function peopleAtInstance(): Person[] {
  const some = [...ADMINS, ...USERS].map((key, at) =>
    person(
      key,
      501 + at,
      ADMINS.some((admin) => admin === key),
    ),
  );
  const reader = person('reader', 500, true);
  reader.tokens.push({ value: DEMO_TOKENS.instanceReader, scopes: ['read:user'], revoked: false });
  return [...some, reader];
}

function person(key: string, id: number, siteAdmin: boolean): Person {
  const rest = { createdAt: CREATED, suspendedAt: null, gone: false, utcOffset: 0, habit: NO_HABIT, tokens: [] };
  return { key, id, login: key, name: key, siteAdmin, ...rest };
}

async function register({ operator }: ApiWorld, peer: InstancePeer, slug: string, credential: string) {
  const account = await operator.post<{ id: string }>('/api/v1/accounts', { kind: 'organization', slug, credential });
  const made = await operator.post<{ id: string }>('/api/v1/instances', {
    hostname: `${slug}.example`,
    kind: 'ghes',
    baseUrl: peer.url,
    accountId: account.body.id,
    allowHttpLoopback: true,
    credential: DEMO_TOKENS.instanceReader,
    oauth: DEMO_OAUTH_APPLICATION,
  });
  await operator.put(`/api/v1/instances/${made.body.id}/connect`, { connected: true });
  return { instanceId: made.body.id, accountId: account.body.id };
}
