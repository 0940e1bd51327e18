import { z } from 'zod';
import { addDays } from './calendar.ts';
import type { Answer } from './answer.ts';
import type { Lie } from './fault-kinds.ts';

const daySchema = z.looseObject({ date: z.string(), contributionCount: z.unknown() });
const weekSchema = z.looseObject({ contributionDays: z.array(daySchema) });
const calendarSchema = z.looseObject({ contributionCalendar: z.looseObject({ weeks: z.array(weekSchema) }) });
const answerSchema = z.looseObject({
  data: z.looseObject({
    viewer: z.looseObject({ databaseId: z.number().optional(), contributionsCollection: calendarSchema }),
  }),
});

/** Makes the calendar of a GraphQL answer wrong in one way; any other answer stays as it is. */
export function withLie(lie: Lie, answer: Answer): Answer {
  if (answer.status !== 200 || answer.headers['content-type']?.includes('json') !== true) return answer;
  const parsed = answerSchema.safeParse(JSON.parse(answer.body));
  if (!parsed.success) return answer;
  const { viewer } = parsed.data.data;
  if (lie === 'wrong-user') viewer.databaseId = (viewer.databaseId ?? 0) + 1;
  else distort(lie, viewer.contributionsCollection.contributionCalendar.weeks);
  return { ...answer, body: JSON.stringify(parsed.data) };
}

function distort(lie: Exclude<Lie, 'wrong-user'>, weeks: z.infer<typeof weekSchema>[]): void {
  if (lie === 'no-days') {
    weeks.length = 0;
    return;
  }
  const days = weeks[Math.floor(weeks.length / 2)]?.contributionDays;
  const day = days?.at(-1);
  if (days === undefined || day === undefined) return;
  const change: Record<Exclude<Lie, 'wrong-user' | 'no-days'>, () => unknown> = {
    negative: () => (day.contributionCount = -3),
    fraction: () => (day.contributionCount = 2.5),
    'text-count': () => (day.contributionCount = '7'),
    'duplicate-day': () => days.push({ ...day, contributionCount: Number(day.contributionCount) + 1 }),
    'day-outside': () => days.push({ ...day, date: addDays(day.date, -400), contributionCount: 5 }),
    'missing-day': () => days.pop(),
    'impossible-date': () => (day.date = `${day.date.slice(0, 4)}-02-30`),
  };
  change[lie]();
}
