import type { IncomingHttpHeaders } from 'node:http';

const LONGEST_MS = 24 * 3_600_000;

/** How long an answer asks to wait: seconds or a date (RFC 9110, 10.2.3), else the hour's limit when it is used up. */
export function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const asked = headers['retry-after'];
  if (asked !== undefined) {
    const ms = /^\d+$/.test(asked.trim()) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
    if (!Number.isNaN(ms)) return bounded(ms);
  }
  const reset = headers['x-ratelimit-reset'];
  if (headers['x-ratelimit-remaining'] !== '0' || typeof reset !== 'string' || !/^\d+$/.test(reset)) return undefined;
  return bounded(Number(reset) * 1000 - Date.now());
}

function bounded(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), LONGEST_MS);
}
