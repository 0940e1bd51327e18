import { escape } from './escape.ts';

/** A form of one button. `token` is what the browser's own forms carry. */
export function button(
  action: string,
  token: string,
  words: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  const hidden = Object.entries({ ...fields, form: token }).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  return `<form method="post" action="${escape(action)}">${hidden.join('')}<button>${escape(words)}</button></form>`;
}
