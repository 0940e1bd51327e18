import { escape } from './escape.ts';

const MINUTE_MS = 60_000;

/** @param iso shown to the minute */
export function time(iso: string): string {
  return `<time datetime="${escape(iso)}">${escape(iso.slice(0, 16).replace('T', ' '))} UTC</time>`;
}

/** When it is worth another try, as a paragraph: the first whole minute by then. Nothing, where that is not known. */
export function comeAgain(retryAt: string | undefined): string {
  if (retryAt === undefined) return '';
  const minute = Math.ceil(Date.parse(retryAt) / MINUTE_MS) * MINUTE_MS;
  return `<p>Come again at ${time(new Date(minute).toISOString())}.</p>`;
}
