import { escape } from './escape.ts';
import { page } from './page.ts';

/** What the `type` of a problem leads to. */
export function problemPage(code: string, { status, title }: { status: number; title: string }): string {
  return page(
    title,
    `<p>The error code is <code>${escape(code)}</code>; it is answered with HTTP status ${status}.
An answer's <code>detail</code> says what happened and what to do; <code>retryAt</code> says when to come again.</p>`,
  );
}
