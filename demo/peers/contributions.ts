import { z } from 'zod';
import { labelsBetween, localDate, weekdayOf } from './calendar.ts';
import type { People } from './people.ts';
import { dayCountSchema } from './person.ts';
import type { DayCount } from './person.ts';
import { hash32, mulberry32 } from './random.ts';

/** Days that were set by hand, by person's key and day label; every other day follows from the seed. */
export const setDaysSchema = z.record(z.string(), z.record(z.string(), dayCountSchema));
export type SetDays = z.infer<typeof setDaysSchema>;

const NOTHING: DayCount = { count: 0, restricted: 0 };

/**
 * What each person contributed on each of their days. Counts are computed from the seed, the person and the date, so
 * that a new day has its count on every machine and after every restart without anything being stored.
 */
export class Contributions {
  readonly #seed: string;
  readonly #people: People;
  readonly #days: SetDays;
  readonly #now: () => Date;
  readonly #changed: () => void;

  constructor(seed: string, people: People, days: SetDays, now: () => Date, changed: () => void) {
    this.#seed = seed;
    this.#people = people;
    this.#days = days;
    this.#now = now;
    this.#changed = changed;
  }

  of(key: string, date: string): DayCount {
    return this.#days[key]?.[date] ?? this.#byHabit(key, date);
  }

  /** Both bounds inclusive; days without contributions are left out. */
  between(key: string, first: string, last: string): { date: string; count: number }[] {
    return labelsBetween(first, last)
      .map((date) => ({ date, count: this.of(key, date).count }))
      .filter((day) => day.count > 0);
  }

  /** Without `restricted`, what was done in private stays as it was, as far as the new count holds it. */
  set(key: string, date: string, count: number, restricted = this.of(key, date).restricted): void {
    this.#people.get(key);
    const days = (this.#days[key] ??= {});
    days[date] = { count, restricted: Math.min(restricted, count) };
    this.#changed();
  }

  /** The last day that the calendar must show: today here or there, or a later one that was set by hand. */
  lastDay(key: string): string {
    const now = this.#now();
    const own = localDate(now, this.#people.get(key).utcOffset);
    return [own, localDate(now, 0), ...Object.keys(this.#days[key] ?? {})].toSorted().at(-1) ?? own;
  }

  #byHabit(key: string, date: string): DayCount {
    const { habit, createdAt, utcOffset } = this.#people.get(key);
    if (date < createdAt.slice(0, 10) || date > localDate(this.#now(), utcOffset)) return NOTHING;
    const next = mulberry32(hash32(`${this.#seed}/${key}/${date}`));
    const weekday = weekdayOf(date);
    if (next() >= (weekday === 0 || weekday === 6 ? habit.weekend : habit.weekday)) return NOTHING;
    const count = 1 + Math.floor(next() ** 2 * habit.most);
    return { count, restricted: Math.round(count * next()) };
  }
}
