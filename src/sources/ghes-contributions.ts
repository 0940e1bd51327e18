import type { IncomingHttpHeaders } from 'node:http';
import { type DayCount, readWindow, type Window } from '../domain/window.ts';
import type { HttpAnswer } from '../net/http.ts';
import { isFields, parseJson, toUtcSecond } from '../net/json.ts';
import type { SourceIdentity, SourceRead } from '../ports/source.ts';
import { failure } from './failure.ts';
import { asksForSignOn, graphQLFailure, refusalOf } from './ghes-failure.ts';
import { seesPrivateWork } from './ghes-scopes.ts';

/** All that is ever asked of an instance about a developer's work. */
export const CONTRIBUTIONS_QUERY =
  'query($from: DateTime!, $to: DateTime!) { viewer { databaseId login createdAt contributionsCollection(from: $from, to: $to) ' +
  '{ contributionCalendar { weeks { contributionDays { date contributionCount } } } } } }';

const QUERY_JSON = JSON.stringify(CONTRIBUTIONS_QUERY);

export function contributionsRequest({ from, to }: Window): string {
  return `{"query":${QUERY_JSON},"variables":{"from":"${from}T00:00:00Z","to":"${to}T23:59:59Z"}}`;
}

/**
 * One developer's counts from the answer. It is read by hand, because this runs for every developer every hour, and it
 * is total: each answer there can be is either a window or a failure.
 */
export function readContributions(answer: HttpAnswer, who: SourceIdentity, window: Window): SourceRead {
  if (answer.status !== 200) return refusalOf(answer);
  const json = parseJson(answer.body);
  if (!isFields(json)) return failure('bad_answer');
  const { data, errors } = json;
  if (errors !== undefined) return graphQLFailure(Array.isArray(errors) ? errors : [], answer.headers);
  const viewer = isFields(data) ? data['viewer'] : undefined;
  return isFields(viewer) ? readViewer(viewer, answer.headers, who, window) : failure('bad_answer');
}

function readViewer(
  viewer: Readonly<Record<string, unknown>>,
  headers: IncomingHttpHeaders,
  who: SourceIdentity,
  window: Window,
): SourceRead {
  const createdAt = toUtcSecond(viewer['createdAt']);
  if (typeof viewer['databaseId'] !== 'number' || createdAt === undefined) return failure('bad_answer');
  if (viewer['databaseId'] !== who.userId || createdAt !== who.createdAt) return failure('identity_mismatch');
  if (!seesPrivateWork(headers)) return failure('scope_missing');
  if (asksForSignOn(headers)) return failure('sso_required');
  const days = readDays(viewer['contributionsCollection']);
  const read = days && readWindow(window, days, 'every_day');
  return read?.ok ? read : failure('bad_answer');
}

/** The days of all weeks in one list; undefined for any other shape. */
function readDays(collection: unknown): DayCount[] | undefined {
  const calendar = isFields(collection) ? collection['contributionCalendar'] : undefined;
  const weeks = isFields(calendar) ? calendar['weeks'] : undefined;
  if (!Array.isArray(weeks)) return undefined;
  const days: DayCount[] = [];
  for (const week of weeks as readonly unknown[]) {
    const listed = isFields(week) ? week['contributionDays'] : undefined;
    if (!Array.isArray(listed)) return undefined;
    for (const day of listed as readonly unknown[]) {
      if (!isFields(day)) return undefined;
      const { date, contributionCount: count } = day;
      if (typeof date !== 'string' || typeof count !== 'number') return undefined;
      days.push({ date, count });
    }
  }
  return days;
}
