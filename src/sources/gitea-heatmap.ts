import { utcDay } from '../domain/dates.ts';
import { readWindow, type Window } from '../domain/window.ts';
import { isFields } from '../net/json.ts';
import type { SourceRead } from '../ports/source.ts';
import { failure } from './failure.ts';

const DAY_SECONDS = 86_400;
/** The last second of the year 9999: what is later has no day label of four digits. */
const LATEST_SECOND = 253_402_300_799;

/**
 * Counts from a heatmap: buckets of 15 minutes, each `{timestamp, contributions}` with the bucket's start in Unix
 * seconds. A day is the UTC day of that start; days without contributions are not listed.
 */
export function readHeatmap(heatmap: unknown, window: Window): SourceRead {
  const days = sumByDay(heatmap);
  const read = days && readWindow(window, days, 'sparse');
  return read?.ok ? read : failure('bad_answer');
}

function sumByDay(heatmap: unknown): { date: string; count: number }[] | undefined {
  if (!Array.isArray(heatmap)) return undefined;
  const sums = new Map<number, number>();
  const starts = new Set<number>();
  for (const bucket of heatmap as readonly unknown[]) {
    if (!isFields(bucket)) return undefined;
    const { timestamp, contributions } = bucket;
    if (!isWhole(timestamp) || timestamp > LATEST_SECOND || !isWhole(contributions)) return undefined;
    if (starts.has(timestamp)) return undefined;
    starts.add(timestamp);
    const day = Math.floor(timestamp / DAY_SECONDS);
    sums.set(day, (sums.get(day) ?? 0) + contributions);
  }
  return Array.from(sums, ([day, count]) => ({ date: utcDay(day * DAY_SECONDS * 1000), count }));
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
