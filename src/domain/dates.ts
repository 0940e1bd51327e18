/** A calendar label of the source, `YYYY-MM-DD`. Never converted between zones. */
export type Day = string;

const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

function toMs(day: Day): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10)));
}

/** Whether the text names a day that exists: `2027-02-29` does not. */
export function isDay(text: string): text is Day {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(toMs(text)).toISOString().slice(0, 10) === text;
}

/** The UTC date of an instant, given as milliseconds or an ISO string. */
export function utcDay(instant: number | string): Day {
  return new Date(instant).toISOString().slice(0, 10);
}

export function addDays(day: Day, days: number): Day {
  return utcDay(toMs(day) + days * DAY_MS);
}

/** Whole days from `from` to `to`; negative if `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((toMs(to) - toMs(from)) / DAY_MS);
}

/** 0 is Sunday, as in the contribution calendar. */
export function weekday(day: Day): number {
  return new Date(toMs(day)).getUTCDay();
}

export function addMs(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

export function addDaysTo(instant: string, days: number): string {
  return addMs(instant, days * DAY_MS);
}
