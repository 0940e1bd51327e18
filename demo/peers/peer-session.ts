import { randomBytes } from 'node:crypto';
import type { Incoming } from './incoming.ts';
import type { People } from './people.ts';
import type { Person } from './person.ts';

/** Who is signed in at the peer's own pages, by cookie. A peer that starts again knows nobody. */
export class PeerSessions {
  readonly #people: People;
  readonly #keys = new Map<string, string>();

  constructor(people: People) {
    this.#people = people;
  }

  /** The person, unless they are gone in the meantime. */
  personIn(request: Incoming): Person | undefined {
    const value = request.headers['cookie']?.split('; ').find((pair) => pair.startsWith(`${nameFor(request)}=`));
    const key = this.#keys.get(value?.split('=')[1] ?? '');
    const person = key === undefined ? undefined : this.#people.get(key);
    return person?.gone === true ? undefined : person;
  }

  /** @returns the header `set-cookie` */
  begin(request: Incoming, person: Person): string {
    const value = randomBytes(16).toString('hex');
    this.#keys.set(value, person.key);
    return `${nameFor(request)}=${value}; Path=/; HttpOnly; SameSite=Lax`;
  }
}

/** Browsers keep the cookies of one host apart by name alone, and all peers have the loopback address. */
function nameFor({ headers }: Incoming): string {
  return `demo_session_${/:(\d+)$/.exec(headers['host'] ?? '')?.[1] ?? '80'}`;
}
