import { NO_HABIT } from './person.ts';
import type { PeerToken, Person } from './person.ts';

export type NewPerson = Pick<Person, 'key' | 'id' | 'login'> & Partial<Person>;

/** Everyone whom a peer knows, and what may happen to them. Each change is reported to `changed`, to be stored. */
export class People {
  readonly #people: Person[];
  readonly #changed: () => void;

  constructor(people: Person[], changed: () => void) {
    this.#people = people;
    this.#changed = changed;
  }

  all(): readonly Person[] {
    return this.#people;
  }

  /** By key. Throws for an unknown one: a test that names nobody would prove nothing. */
  get(key: string): Person {
    const person = this.#people.find((one) => one.key === key);
    if (person === undefined) throw new Error(`no such person at this peer: ${key}`);
    return person;
  }

  byId(id: number): Person | undefined {
    return this.#people.find((one) => one.id === id && !one.gone);
  }

  byLogin(login: string): Person | undefined {
    return this.#people.find((one) => one.login.toLowerCase() === login.toLowerCase() && !one.gone);
  }

  byToken(value: string): { person: Person; token: PeerToken } | undefined {
    for (const person of this.#people) {
      const token = person.tokens.find((one) => one.value === value && !one.revoked);
      if (token !== undefined && !person.gone) return { person, token };
    }
    return undefined;
  }

  /** The first token that still holds. */
  tokenOf(key: string): string {
    const token = this.get(key).tokens.find((one) => !one.revoked);
    if (token === undefined) throw new Error(`${key} has no token at this peer`);
    return token.value;
  }

  add(fresh: NewPerson): Person {
    const person: Person = { ...blank(fresh), ...fresh };
    if (this.#people.some((one) => one.key === person.key)) throw new Error(`${person.key} is there already`);
    this.#people.push(person);
    this.#changed();
    return person;
  }

  change(key: string, changes: Partial<Omit<Person, 'key'>>): Person {
    const person = Object.assign(this.get(key), changes);
    this.#changed();
    return person;
  }

  suspend(key: string, at = new Date()): Person {
    return this.change(key, { suspendedAt: wholeSeconds(at) });
  }

  unsuspend(key: string): Person {
    return this.change(key, { suspendedAt: null });
  }

  leave(key: string): Person {
    return this.change(key, { gone: true });
  }

  comeBack(key: string): Person {
    return this.change(key, { gone: false });
  }

  rename(key: string, login: string): Person {
    return this.change(key, { login });
  }

  /** The id now belongs to somebody else: same number, another creation time. */
  reuseId(key: string, createdAt = wholeSeconds(new Date())): Person {
    return this.change(key, { createdAt });
  }

  issueToken(key: string, token: Pick<PeerToken, 'value'> & Partial<PeerToken>): string {
    this.get(key).tokens.push({ scopes: ['read:user'], revoked: false, ...token });
    this.#changed();
    return token.value;
  }

  /** @returns whether there was such a token that held until now */
  revokeToken(value: string): boolean {
    const found = this.byToken(value);
    if (found === undefined) return false;
    found.token.revoked = true;
    this.#changed();
    return true;
  }
}

function blank(fresh: NewPerson): Person {
  return {
    ...fresh,
    name: fresh.login,
    createdAt: '2020-01-01T00:00:00Z',
    siteAdmin: false,
    suspendedAt: null,
    gone: false,
    utcOffset: 0,
    habit: NO_HABIT,
    tokens: [],
  };
}

function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
