import { addDays, labelsBetween, weeksOf } from './calendar.ts';
import { hash32, mulberry32 } from './random.ts';

/** Distinct calendars; user n has the one of n modulo this, so that memory does not grow with the users. */
const PATTERNS = 512;
/** 24 of 90 days have contributions. */
const BUSY = 24 / 90;

/**
 * Calendars of synthetic users `bench-1`, `bench-2`, …, as ready-made JSON. A user's counts depend on the user and on
 * the rounds alone: each round changes one day of a chosen fraction of the users.
 */
export class FastCalendars {
  readonly #fractions: number[] = [];
  readonly #texts = new Map<string, string>();

  /** @param fraction of the users, from 0 to 1, whose counts differ from now on */
  nextRound(fraction: number): number {
    return this.#fractions.push(fraction);
  }

  get round(): number {
    return this.#fractions.length;
  }

  /** The `weeks` of a user, both bounds inclusive, as JSON. */
  weeks(user: number, first: string, last: string): string {
    const version = this.#version(user);
    const key = `${user % PATTERNS}/${version}/${first}/${last}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = JSON.stringify(
      weeksOf(this.#days(user, version, first, last)).map(({ contributionDays }) => ({ contributionDays })),
    );
    if (this.#texts.size > PATTERNS * 16) this.#texts.clear();
    this.#texts.set(key, text);
    return text;
  }

  /** Days with contributions: what a correct sync has stored. */
  truth(user: number, first: string, last: string): { date: string; count: number }[] {
    return this.#days(user, this.#version(user), first, last)
      .map(({ date, contributionCount }) => ({ date, count: contributionCount }))
      .filter(({ count }) => count > 0);
  }

  /** The last round that changed this user; 0 where none did. */
  #version(user: number): number {
    for (let round = this.#fractions.length; round > 0; round -= 1) {
      if (mulberry32(hash32(`${round}/${user}`))() < (this.#fractions[round - 1] ?? 0)) return round;
    }
    return 0;
  }

  #days(user: number, version: number, first: string, last: string) {
    const pattern = user % PATTERNS;
    const changed = version === 0 ? undefined : addDays(last, -((version * 7 + pattern) % 90));
    return labelsBetween(first, last).map((date) => {
      const next = mulberry32(hash32(`${pattern}/${date}`));
      const count = next() < BUSY ? 1 + Math.floor(next() * 15) : 0;
      return { date, contributionCount: date === changed ? count + version : count };
    });
  }
}
