import { randomBytes } from 'node:crypto';
import type { People } from './people.ts';
import type { PeerToken } from './person.ts';

/** Documented for both: of one user, application and set of scopes. */
const MOST_TOKENS = 10;
const MOST_AN_HOUR = 10;
const HOUR_MS = 3_600_000;

interface Combination {
  who: string;
  clientId: string;
  scopes: readonly string[];
}

/** Issues a token; the oldest of its combination stops holding where there would be more than ten. */
export function issueToken(people: People, { who, clientId, scopes }: Combination, now: Date): string {
  const issued = { clientId, at: now.toISOString() };
  const value = `gho_${randomBytes(18).toString('hex')}`;
  people.issueToken(who, { value, scopes: [...scopes], issued });
  const holding = issuedTokens(people, { who, clientId, scopes }).filter(({ revoked }) => !revoked);
  for (const token of holding.slice(0, -MOST_TOKENS)) people.revokeToken(token.value);
  return value;
}

/** Whether so many were issued within the hour that a person is asked again: the application may be in a loop. */
export function isIssuedTooOften(people: People, combination: Combination, now: Date): boolean {
  const since = now.getTime() - HOUR_MS;
  const lately = issuedTokens(people, combination).filter(({ issued }) => Date.parse(issued?.at ?? '') > since);
  return lately.length >= MOST_AN_HOUR;
}

/** Oldest first, revoked ones too. */
function issuedTokens(people: People, { who, clientId, scopes }: Combination): PeerToken[] {
  const wanted = scopes.toSorted().join(' ');
  return people
    .get(who)
    .tokens.filter((token) => token.issued?.clientId === clientId && token.scopes.toSorted().join(' ') === wanted);
}
