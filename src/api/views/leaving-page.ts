import { escape } from './escape.ts';
import { page } from './page.ts';

/**
 * On to another place by a page that leads there at once, and no redirect: browsers hold a form's redirects against
 * `form-action`, of our pages and of the place that sent the browser here, and neither knows where else it will go.
 */
export function leavingPage(url: string): string {
  const to = escape(url);
  return page(
    'You are being taken to where you sign in',
    `<p><a href="${to}">Go to ${escape(new URL(url).host)}</a></p>`,
    `<meta http-equiv="refresh" content="0; url=${to}">`,
  );
}
