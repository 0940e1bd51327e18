import { escape } from './escape.ts';
import { page } from './page.ts';
import { comeAgain } from './time.ts';

export interface ConnectionModel {
  id: string;
  form: string;
  hostname: string;
  status: string;
  /** Where it may be ticked: what would be sent, or why it cannot be read now. */
  look: Look | { failed: string; retryAt: string | undefined } | undefined;
  /** The same tick sent again is one tick. */
  operationId: string;
}

export interface Look {
  source: string;
  from: string;
  to: string;
  total: number;
  days: readonly { date: string; count: number }[];
  consent: { version: string; text: string };
}

/** Exactly what will be sent, and the tick. */
export function connectionPage(model: ConnectionModel): string {
  const { hostname, status, look } = model;
  const what = look === undefined ? '' : 'failed' in look ? notShown(look) : tick(model, look);
  return page(
    'Your contribution counts',
    `<p>Connected: <strong>${escape(hostname)}</strong>. ${escape(WORDS[status] ?? status)}</p>\n${what}\n<p><a href="/account">Your account</a></p>`,
  );
}

const WORDS: Readonly<Record<string, string>> = {
  connecting: 'Connecting; open this page again in a moment.',
  connected: 'Nothing is sent.',
  sending: 'Your contribution counts are sent every hour.',
  removing: 'Your counts are being deleted.',
  restorable: 'Nothing is sent. You can come back.',
  restoring: 'Your counts of the past 90 days are being read again.',
};

function notShown({ failed, retryAt }: { failed: string; retryAt: string | undefined }): string {
  return `<p>${escape(failed)}</p>${comeAgain(retryAt)}`;
}

function tick({ id, form, operationId }: ConnectionModel, { source, from, to, total, days, consent }: Look): string {
  const rows = days.map(({ date, count }) => `<tr><td>${escape(date)}</td><td>${count}</td></tr>`);
  const paragraphs = consent.text.split('\n\n').map((text) => `<p>${escape(text)}</p>`);
  return `<h2>What will be sent</h2>
<p>${total} contribution${total === 1 ? '' : 's'} from ${escape(from)} to ${escape(to)}, as “${escape(source)}”. This is all of it:</p>
<details><summary>${days.length} day${days.length === 1 ? '' : 's'} with contributions</summary>
<table><thead><tr><th>Day</th><th>Contributions</th></tr></thead><tbody>${rows.join('')}</tbody></table></details>
${paragraphs.join('\n')}
<form method="post" action="/connections/${escape(id)}/send">
<input type="hidden" name="form" value="${escape(form)}"><input type="hidden" name="operationId" value="${escape(operationId)}">
<input type="hidden" name="consentVersion" value="${escape(consent.version)}">
<p><label><input type="checkbox" name="agreed" value="yes" required> Send my contribution counts</label></p>
<button>Start sending</button>
</form>`;
}
