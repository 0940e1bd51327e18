import type { Fault } from './fault-kinds.ts';
import type { People } from './people.ts';
import type { PeerToken, Person } from './person.ts';

/** Who is asking: a token's person, as any fault lets them appear. */
export interface Caller {
  person: Person;
  token: PeerToken;
}

/** The value of `Authorization: Bearer <token>` or `token <token>`. */
export function tokenIn(headers: Record<string, string>): string | undefined {
  return /^(?:bearer|token) +(?<token>\S+)$/i.exec(headers['authorization'] ?? '')?.groups?.['token'];
}

export function callerOf(people: People, headers: Record<string, string>): Caller | undefined {
  const value = tokenIn(headers);
  return value === undefined ? undefined : people.byToken(value);
}

/** The person with identity faults laid over; `undefined` when they seem to be gone. */
export function appearing(person: Person, faults: readonly Fault[]): Person | undefined {
  let seen: Person | undefined = person;
  for (const fault of faults) {
    if (seen === undefined) return undefined;
    if (fault.kind === 'gone') seen = undefined;
    else if (fault.kind === 'suspended') seen = { ...seen, suspendedAt: '2024-05-01T00:00:00Z' };
    else if (fault.kind === 'renamed') seen = { ...seen, login: fault.login };
    else if (fault.kind === 'reused-id') seen = { ...seen, createdAt: fault.createdAt };
  }
  return seen;
}

export function callerAppearing(caller: Caller, faults: readonly Fault[]): Caller {
  const person = appearing(caller.person, faults) ?? caller.person;
  const token = faults.some(({ kind }) => kind === 'missing-scope') ? { ...caller.token, scopes: [] } : caller.token;
  return { person, token };
}
