import { createToken, type TokenOwner } from '../src/db/api-tokens.ts';
import type { Pool } from '../src/db/pool.ts';
import type { Person } from './peers/person.ts';
import { peerAt } from './story/peers.ts';

const MADE_BY = 'cli';

/** Makes an API token as the CLI does. The label names a role, never a person. */
export async function tokenFor(pool: Pool, owner: TokenOwner): Promise<string> {
  const { token } = await createToken(pool, { name: `demo ${owner.role}`, owner, actor: MADE_BY, at: new Date() });
  return token;
}

/** Who the demo's people are at both ends, as the peers themselves say. */
export async function peopleAt(peers: { instance: string; github: string }): Promise<(key: string) => DemoIdentity> {
  const [source, github] = await Promise.all([peerAt(peers.instance).people(), peerAt(peers.github).people()]);
  return (key) => {
    const { id: userId, createdAt } = find(source, key);
    return { source: { userId, createdAt }, githubUserId: find(github, key).id };
  };
}

function find(people: Person[], key: string): Person {
  const person = people.find((one) => one.key === key);
  if (!person) throw new Error(`The demo knows nobody who is called ${key}.`);
  return person;
}

export interface DemoIdentity {
  source: { userId: number; createdAt: string };
  githubUserId: number;
}
