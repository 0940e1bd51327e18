import { escape } from './escape.ts';
import { page } from './page.ts';
import { comeAgain } from './time.ts';

interface Told {
  title: string;
  detail: string;
  retryAt: string | undefined;
  advice: string;
  code: string;
}

/** What happened, what was kept, and what to do. */
export function errorPage(error: Told): string {
  const detail = error.detail === '' ? '' : `<p>${escape(error.detail)}</p>`;
  const advice = escape(error.advice).replace(/`([^`]+)`/g, '<code>$1</code>');
  return page(
    error.title,
    `${detail}${comeAgain(error.retryAt)}
<p>What was kept, and what to do: ${advice}</p>
<p><a href="/account">Your account</a> · <a href="/problems/${escape(error.code)}">About “${escape(error.code)}”</a></p>`,
  );
}
