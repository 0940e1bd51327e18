import { addDays, addMs, utcDay, weekday, type Day } from './dates.ts';

/** When something is due: a number of business days in UTC, or a plain duration in milliseconds. */
export type DueRule = { businessDays: number; holidays: readonly Day[] } | { ms: number };

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `2bd` or a duration such as `36h`; `holidays` only matter for the former. */
export function parseDueRule(text: string, holidays: readonly Day[]): DueRule {
  const [, amount, unit] = /^(\d+)(bd|ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new RangeError(`not a duration or business days: ${text}`);
  if (unit === 'bd') return { businessDays: Number(amount), holidays };
  return { ms: Number(amount) * UNIT_MS[unit]! };
}

/** Monday to Friday, unless it is a holiday. */
export function isBusinessDay(day: Day, holidays: readonly Day[]): boolean {
  const at = weekday(day);
  return at !== 0 && at !== 6 && !holidays.includes(day);
}

/** The same time of day on the last of the business days that follow `instant`, ISO. */
export function dueAt(instant: string, rule: DueRule): string {
  if ('ms' in rule) return addMs(instant, rule.ms);
  const from = utcDay(instant);
  let days = 0;
  for (let left = rule.businessDays; left > 0;) {
    days += 1;
    if (isBusinessDay(addDays(from, days), rule.holidays)) left -= 1;
  }
  return addMs(instant, days * UNIT_MS['d']!);
}
