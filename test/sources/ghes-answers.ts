import { saysJson } from '../support/odd-server.ts';
import { window } from './reading.ts';

/** Words of an answer that may be found nowhere afterwards. */
export const CANARY = 'canary-in-an-answer';
export const TOKEN = 'gho_secret_of_devi';
export const DEVI = { userId: 1005, createdAt: '2019-03-14T08:30:00Z' };
export const SCOPE = { 'x-oauth-scopes': 'read:user' };

export const days = window.labels.map((date) => ({ date, contributionCount: 1 }));
export const viewerOf = (changes: object, contributionDays: unknown[] = days) => ({
  databaseId: DEVI.userId,
  login: 'draman',
  createdAt: DEVI.createdAt,
  contributionsCollection: { contributionCalendar: { weeks: [{ contributionDays }] } },
  ...changes,
});
/** The answer as it should be, but for what a test changes. */
export const answer = (changes: object = {}, contributionDays?: unknown[]) =>
  saysJson(200, { data: { viewer: viewerOf(changes, contributionDays) } }, SCOPE);
export const weeks = (value: unknown) =>
  answer({ contributionsCollection: { contributionCalendar: { weeks: value } } });
export const day = (changes: object) => answer({}, [{ ...days[0], ...changes }, ...days.slice(1)]);
export const errors = (...list: unknown[]) => saysJson(200, { data: null, errors: list }, SCOPE);
export const refusal = (status: number, message: string, headers: Record<string, string | string[]> = {}) =>
  saysJson(status, { message, documentation_url: 'https://docs.example' }, headers);
