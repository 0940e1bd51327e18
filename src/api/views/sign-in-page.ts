import { escape } from './escape.ts';
import { button } from './form.ts';
import { page } from './page.ts';

export interface SignInModel {
  form: string;
  returnTo: string;
  /** Filled in by a link of the instance's. */
  hostname: string;
  /** Where the browser is signed in already; the instance by its host name. */
  at: { instance: string | undefined; github: boolean };
  offers: { github: boolean; staff: boolean };
}

/** A person signs in at both places; staff at one of their own. */
export function signInPage({ form, returnTo, hostname, at, offers }: SignInModel): string {
  const there = '<p>You are signed in there.</p>';
  const instance =
    at.instance !== undefined
      ? `<p>You are signed in at <strong>${escape(at.instance)}</strong>.</p>`
      : `<form method="post" action="/sign-in/instance">
<input type="hidden" name="form" value="${escape(form)}"><input type="hidden" name="returnTo" value="${escape(returnTo)}">
<p><label>Host name of your instance<br>
<input name="hostname" value="${escape(hostname)}" placeholder="github.example.com" required autocomplete="url" spellcheck="false"></label></p>
<button>Sign in at the instance</button>
</form>`;
  const github = at.github
    ? there
    : offers.github
      ? button('/sign-in/github', form, 'Sign in at GitHub.com', { returnTo })
      : '<p>Signing in at GitHub.com is not set up. Tell the operator.</p>';
  const staff = offers.staff
    ? `<h2>Support</h2>\n${button('/sign-in/staff', form, 'Sign in as support', { returnTo })}`
    : '';
  return page(
    'Sign in',
    `<p>Sign in at your company’s instance and at GitHub.com: the one says whose contributions are counted, the other whose profile shows
them. Nothing is sent by signing in. It asks for no permission, but at Gitea for the smallest that says who you are: to read
your account.</p>
<h2>Your instance</h2>
${instance}
<h2>GitHub.com</h2>
${github}
${staff}`,
  );
}
