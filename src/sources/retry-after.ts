import type { IncomingHttpHeaders } from 'node:http';

const LONGEST_MS = 24 * 3_600_000;

/** How long an answer asks to wait: seconds or a date (RFC 9110, 10.2.3), else the hour's limit when it is used up. */
export function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const asked = waitOf(headers['retry-after']);
  if (asked !== undefined) return bounded(asked);
  const reset = headers['x-ratelimit-reset'];
  if (headers['x-ratelimit-remaining'] !== '0' || typeof reset !== 'string' || !/^\d+$/.test(reset)) return undefined;
  return bounded(Number(reset) * 1000 - Date.now());
}

/** A header that came twice is a list, whatever its type says; then it asks for nothing that can be told. */
function waitOf(asked: unknown): number | undefined {
  if (typeof asked !== 'string') return undefined;
  if (/^\d+$/.test(asked.trim())) return Number(asked) * 1000;
  // Date.parse reads a date out of almost anything, even out of "-1".
  const ms = HTTP_DATE.test(asked) ? Date.parse(asked) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms - Date.now();
}

const HTTP_DATE = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/;

function bounded(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), LONGEST_MS);
}
