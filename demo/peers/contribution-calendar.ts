import { labelsBetween, weekdayOf, weeksOf } from './calendar.ts';
import type { Contributions } from './contributions.ts';
import { TypedGraphQLError } from './graphql-endpoint.ts';
import type { Person } from './person.ts';

/** Arguments as they arrive: DateTime texts. */
export interface Span {
  from?: string | null;
  to?: string | null;
}

export interface CalendarRules {
  now: Date;
  /**
   * `today`: the calendar ends with the later of the person's own date and UTC's. `to`: it goes on to the end of the
   * span, with zeros for what is yet to come: public clients are known to filter those. Clients must live with both.
   */
  ends: 'today' | 'to';
  /** Whether the token may see what was done in private repositories. */
  seesRestricted: boolean;
}

/** The answer for `ContributionsCollection`, but for the fields that name repositories. */
export function contributionsCollection(
  person: Person,
  contributions: Contributions,
  span: Span,
  rules: CalendarRules,
) {
  const { from, to } = bounds(span, rules.now);
  const days = visibleDays(person, contributions, { from, to }, rules);
  const total = days.reduce((sum, day) => sum + day.count, 0);
  const restricted = days.reduce((sum, day) => sum + day.restricted, 0);
  return {
    startedAt: wholeSeconds(from),
    endedAt: wholeSeconds(to),
    hasAnyContributions: total > 0,
    hasAnyRestrictedContributions: restricted > 0,
    restrictedContributionsCount: restricted,
    contributionCalendar: {
      colors: COLORS.slice(1),
      isHalloween: false,
      totalContributions: total,
      weeks: weeksOf(withLevels(days)),
    },
  };
}

function bounds({ from, to }: Span, now: Date): { from: Date; to: Date } {
  const start = from == null ? undefined : dateTime(from);
  const end = to == null ? (start === undefined ? now : earlier(now, yearAfter(start))) : dateTime(to);
  const begin = start ?? yearAfter(end, -1);
  if (begin > end) throw new TypedGraphQLError('VALIDATION', "'from' must be earlier than 'to'");
  if (end > yearAfter(begin)) {
    throw new TypedGraphQLError('VALIDATION', "The total time spanned by 'from' and 'to' must not exceed 1 year");
  }
  return { from: begin, to: end };
}

function visibleDays(
  person: Person,
  contributions: Contributions,
  span: { from: Date; to: Date },
  rules: CalendarRules,
) {
  const asked = label(span.to);
  const today = contributions.lastDay(person.key);
  const last = rules.ends === 'to' || asked < today ? asked : today;
  return labelsBetween(label(span.from), last).map((date) => {
    const { count, restricted } = contributions.of(person.key, date);
    return rules.seesRestricted ? { date, count, restricted } : { date, count: count - restricted, restricted: 0 };
  });
}

const COLORS = ['#ebedf0', '#9be9a8', '#40c463', '#30a14e', '#216e39'] as const;
const LEVELS = ['NONE', 'FIRST_QUARTILE', 'SECOND_QUARTILE', 'THIRD_QUARTILE', 'FOURTH_QUARTILE'] as const;

function withLevels(days: readonly { date: string; count: number }[]) {
  const most = Math.max(1, ...days.map((day) => day.count));
  return days.map(({ date, count }) => {
    const level = Math.ceil((4 * count) / most);
    const shown = { color: COLORS[level], contributionLevel: LEVELS[level] };
    return { date, weekday: weekdayOf(date), contributionCount: count, ...shown };
  });
}

function dateTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new TypedGraphQLError('VALIDATION', `'${text}' is not a DateTime`);
  return time;
}

function yearAfter(time: Date, years = 1): Date {
  const moved = new Date(time);
  moved.setUTCFullYear(moved.getUTCFullYear() + years);
  return moved;
}

const earlier = (one: Date, other: Date): Date => (one < other ? one : other);
const label = (time: Date): string => time.toISOString().slice(0, 10);
const wholeSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
