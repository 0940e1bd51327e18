import { z } from 'zod';
import { daysBetween, isDay, type Day } from '../domain/dates.ts';
import { DomainError } from '../domain/errors.ts';
import { SOURCE_LABELS } from '../domain/source-label.ts';
import { MAX_COUNT, type DayCount } from '../domain/window.ts';
import type { LedgerMessage } from '../ports/ledger.ts';

const DAYS_A_YEAR = 366;

/** Where a day stands in the ledger: element `number` (1 to 366) of the row of `year`. */
interface DayOfYear {
  year: number;
  number: number;
}

/** @returns undefined if there is no such day */
export function dayOfYear(day: Day): DayOfYear | undefined {
  let place = places.get(day);
  if (place === undefined && isDay(day)) {
    const year = day.slice(0, 4);
    place = { year: Number(year), number: daysBetween(`${year}-01-01`, day) + 1 };
    if (places.size >= PLACES_KEPT) places.clear();
    places.set(day, place);
  }
  return place;
}

// A page names the same 92 labels for each of its developers: looking a day up is what keeps validation cheap.
const places = new Map<Day, DayOfYear>();
const PLACES_KEPT = 4_000;

const message = z.strictObject({
  connectionId: z.uuid(),
  generation: z.int().nonnegative(),
  readNumber: z.int().nonnegative(),
  source: z.enum(SOURCE_LABELS),
  days: z.custom<DayCount[]>(areDays),
}) satisfies z.ZodType<LedgerMessage>;
const messages = z.array(message);

/** The wire format of the profile side. @throws ledger_refused for anything that it does not know */
export function parseMessages(input: unknown): LedgerMessage[] {
  const parsed = messages.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  // The place and the kind of fault only: what was sent may be what must not be seen.
  throw refused(`${issue.path.join('.') || 'the messages'}: ${issue.code}`);
}

// By hand, for this alone comes 46,000 times a page: a strict object of zod's took a third of the whole write.
function areDays(days: unknown): days is DayCount[] {
  if (!Array.isArray(days) || days.length > DAYS_A_YEAR) return false;
  for (const day of days) if (!isDayCount(day)) return false; // unlike every(), this meets a hole
  return true;
}

function isDayCount(day: unknown): day is DayCount {
  if (typeof day !== 'object' || day === null || !('date' in day) || !('count' in day)) return false;
  let fields = 0;
  for (const _ in day) fields += 1;
  const { date, count } = day;
  if (fields !== 2 || typeof date !== 'string' || typeof count !== 'number') return false;
  return Number.isInteger(count) && count >= 0 && count <= MAX_COUNT && dayOfYear(date) !== undefined;
}

/** Rows of changes, a row a connection and year, as columns; `days` and `counts` are array literals of SQL. */
interface YearChanges {
  ids: string[];
  years: number[];
  days: string[];
  counts: string[];
  /** Whether any count of the row is above zero, so that the year cannot be empty afterwards. */
  adds: boolean[];
}

/** @throws ledger_refused if a connection or a day of it comes twice: which one would hold? */
export function yearChanges(accepted: LedgerMessage[]): YearChanges {
  const changes: YearChanges = { ids: [], years: [], days: [], counts: [], adds: [] };
  if (new Set(accepted.map(({ connectionId }) => connectionId.toLowerCase())).size < accepted.length) {
    throw refused('a connection comes twice');
  }
  for (const { connectionId, days } of accepted) {
    const years = new Map<number, Map<number, number>>();
    for (const { date, count } of days) {
      const { year, number } = dayOfYear(date)!;
      const counts = years.get(year) ?? new Map<number, number>();
      if (counts.has(number)) throw refused('a day comes twice');
      years.set(year, counts.set(number, count));
    }
    for (const [year, counts] of years) {
      changes.ids.push(connectionId);
      changes.years.push(year);
      changes.days.push(`{${[...counts.keys()].join(',')}}`);
      changes.counts.push(`{${[...counts.values()].join(',')}}`);
      changes.adds.push([...counts.values()].some((count) => count > 0));
    }
  }
  return changes;
}

function refused(reason: string): DomainError {
  return new DomainError(
    'ledger_refused',
    `The profile side refused a message and kept nothing of the call: ${reason}.`,
  );
}
