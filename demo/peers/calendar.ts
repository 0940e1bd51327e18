/** Day labels are plain `YYYY-MM-DD` texts; UTC is used for arithmetic only, never to mean a zone. */
const DAY_MS = 86_400_000;

export function addDays(label: string, days: number): string {
  return new Date(Date.parse(`${label}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function labelsBetween(first: string, last: string): string[] {
  const labels: string[] = [];
  for (let label = first; label <= last; label = addDays(label, 1)) labels.push(label);
  return labels;
}

/** 0 is Sunday. */
export function weekdayOf(label: string): number {
  return new Date(`${label}T00:00:00Z`).getUTCDay();
}

/** The date on the calendar of someone `utcOffset` hours ahead of UTC (negative: behind). */
export function localDate(now: Date, utcOffset: number): string {
  return new Date(now.getTime() + utcOffset * 3_600_000).toISOString().slice(0, 10);
}

/** Calendar weeks start on Sunday; the first and the last are cut to the range. */
export function weeksOf<Day extends { date: string }>(
  days: readonly Day[],
): { firstDay: string; contributionDays: Day[] }[] {
  const weeks: { firstDay: string; contributionDays: Day[] }[] = [];
  for (const day of days) {
    const week = weeks.at(-1);
    if (week === undefined || weekdayOf(day.date) === 0) weeks.push({ firstDay: day.date, contributionDays: [day] });
    else week.contributionDays.push(day);
  }
  return weeks;
}
