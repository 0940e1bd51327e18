import type { PublicSource } from '../db/profiles.ts';
import { addDays, utcDay, weekday, type Day } from '../domain/dates.ts';
import { levelsOf } from '../domain/levels.ts';
import type { Graph } from './views/contribution-graph.ts';

const WEEKS = 53;

/** All that a graph may show: 53 weeks up to today's, or to tomorrow's where somebody ahead of UTC has begun it. */
export function graphRange(now: Date): { from: Day; to: Day } {
  const today = utcDay(now.getTime());
  return { from: firstDay(today), to: addDays(today, 1) };
}

function firstDay(to: Day): Day {
  return addDays(to, -weekday(to) - (WEEKS - 1) * 7);
}

/** Sums the sources by day. Tomorrow is shown only once it has counts. */
export function graphOf(sources: readonly PublicSource[], now: Date, destination: string): Graph {
  const { to: tomorrow } = graphRange(now);
  const begun = sources.some((source) => source.days.some((day) => day.date === tomorrow));
  const to = begun ? tomorrow : addDays(tomorrow, -1);
  const from = firstDay(to);
  const shown = sources.map((source) => ({ ...source, days: source.days.filter((day) => day.date >= from) }));
  const byDay = new Map<Day, number>();
  for (const { date, count } of shown.flatMap((source) => source.days)) byDay.set(date, (byDay.get(date) ?? 0) + count);
  const level = levelsOf([...byDay.values()]);
  return {
    destination,
    from,
    to,
    total: sum([...byDay.values()]),
    days: new Map([...byDay].map(([day, count]) => [day, { count, level: level(count) }])),
    sources: shown.map((source) => ({
      label: source.label,
      total: sum(source.days.map((day) => day.count)),
      asOf: source.asOf === null ? null : utcDay(source.asOf),
    })),
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
