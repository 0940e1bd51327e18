import { escape } from './escape.ts';
import { page } from './page.ts';

export interface ExplainedProblem {
  code: string;
  status: number;
  title: string;
  /** What was kept, and what to do; names stand between backticks. */
  advice: string;
}

/** What the `type` of a problem leads to. */
export function problemPage({ code, status, title, advice }: ExplainedProblem): string {
  return page(
    title,
    `<p>The error code is <code>${escape(code)}</code>; it is answered with HTTP status ${status}.</p>
<h2>What it left, and what to do</h2>
<p>${withNames(advice.replace(/^Nothing\./, 'Nothing was changed.'))}</p>
<h2>In the answer</h2>
<p><code>detail</code> says what happened this time, <code>facts</code> names ids, states and fields, and
<code>retryAt</code> says when to come again. A refused request changed nothing unless it is said above.</p>
<p><a href="/docs">All operations</a></p>`,
  );
}

function withNames(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
