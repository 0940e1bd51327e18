import { addDays, utcDay, type Day } from './dates.ts';

export const WINDOW_PAST_DAYS = 90;
/** 90 days back, today, and one ahead for whoever is ahead of UTC. */
export const WINDOW_LENGTH = WINDOW_PAST_DAYS + 2;

/** The day labels that one read compares, both bounds included. */
export interface Window {
  from: Day;
  to: Day;
  labels: readonly Day[];
  index: ReadonlyMap<Day, number>;
}

export interface DayCount {
  date: Day;
  count: number;
}

export function windowAt(instant: string): Window {
  const today = utcDay(instant);
  const from = addDays(today, -WINDOW_PAST_DAYS);
  const labels = Array.from({ length: WINDOW_LENGTH }, (_, offset) => addDays(from, offset));
  return {
    from,
    to: addDays(today, 1),
    labels,
    index: new Map(labels.map((label, offset) => [label, offset])),
  };
}

export type ReadAnswer =
  | { ok: true; counts: Int32Array; ignored: number }
  | { ok: false; reason: 'duplicate_day' | 'not_a_count' | 'missing_day' };

/** What a source must hold to: GHES lists each day of the range, a heatmap only those with contributions. */
export type Density = 'every_day' | 'sparse';

/**
 * Turns a source's answer into one count per label of the window. Labels outside it are ignored and counted; the last
 * one may be missing, since the developer's own day may not have begun. Nothing doubtful is taken for zero.
 */
export function readWindow(window: Window, days: Iterable<DayCount>, density: Density): ReadAnswer {
  const counts = new Int32Array(WINDOW_LENGTH).fill(-1);
  let ignored = 0;
  for (const { date, count } of days) {
    const at = window.index.get(date);
    if (at === undefined) {
      ignored += 1;
      continue;
    }
    if (!Number.isInteger(count) || count < 0 || count > MAX_COUNT) return { ok: false, reason: 'not_a_count' };
    if (counts[at] !== -1) return { ok: false, reason: 'duplicate_day' };
    counts[at] = count;
  }
  for (let at = 0; at < WINDOW_LENGTH; at += 1) {
    if (counts[at] !== -1) continue;
    if (density === 'every_day' && at !== WINDOW_LENGTH - 1) return { ok: false, reason: 'missing_day' };
    counts[at] = 0;
  }
  return { ok: true, counts, ignored };
}

/** More than this on one day is a broken source, and would not fit the ledger's integer. */
export const MAX_COUNT = 2_000_000_000;

/** The days that differ, with the value that they should have; a zero stands for "no row". */
export function differingDays(window: Window, have: Int32Array, want: Int32Array): DayCount[] {
  const days: DayCount[] = [];
  for (let at = 0; at < WINDOW_LENGTH; at += 1) {
    if (have[at] !== want[at]) days.push({ date: window.labels[at]!, count: want[at]! });
  }
  return days;
}
