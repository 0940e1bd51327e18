import { escape } from './escape.ts';
import { page } from './page.ts';

export interface ConnectModel {
  form: string;
  hostname: string;
  destination: string;
}

/** Before anything is authorized: what will happen, and what never does. */
export function connectPage({ form, hostname, destination }: ConnectModel): string {
  return page(
    'Connect your accounts',
    `<p>You authorize two accounts, one after the other: at your <strong>instance</strong>, to read how many contributions you made on each day, and
at <strong>GitHub.com</strong>, to say whose profile on ${escape(destination)} shows them.</p>
<p><strong>Nothing is sent yet.</strong> After both you see exactly what would be sent, and decide.</p>
<form method="post" action="/connect">
<input type="hidden" name="form" value="${escape(form)}">
<p><label>Host name of your instance<br>
<input name="hostname" value="${escape(hostname)}" placeholder="github.example.com" required autocomplete="url" spellcheck="false"></label></p>
<button>Connect</button>
</form>
<p>Only the number of contributions of each day and the name of the source are ever sent: no repository, no title, no code.</p>`,
  );
}
