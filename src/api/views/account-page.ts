import { escape } from './escape.ts';
import { button } from './form.ts';
import { page } from './page.ts';
import { time } from './time.ts';

export interface AccountModel {
  form: string;
  role: 'person' | 'support';
  /** Host name of the instance, of a person. */
  instance: string | undefined;
  isLinkedToGitHub: boolean;
  connections: readonly { id: string; hostname: string; status: string }[];
  sessions: readonly { id: string; createdAt: string; seenAt: string; isThis: boolean }[];
}

/** Who is signed in, what is theirs, and where else they are signed in. */
export function accountPage(model: AccountModel): string {
  return page('Your account', `${model.role === 'person' ? ofPerson(model) : ofSupport(model)}\n${sessions(model)}`);
}

function ofPerson({ instance = '', connections }: AccountModel): string {
  const rows = connections.map(
    ({ id, hostname, status }) =>
      `<li><a href="/connections/${escape(id)}">${escape(hostname)}</a>: ${escape(status)}</li>`,
  );
  const list = rows.length > 0 ? `<ul>${rows.join('')}</ul>` : '<p>Nothing is connected, and nothing is sent.</p>';
  return `<p>You are signed in at <strong>${escape(instance)}</strong> and at <strong>GitHub.com</strong>.</p>
<h2>Connections</h2>
${list}
<p><a href="/connect">Connect your accounts</a></p>`;
}

function ofSupport({ form, isLinkedToGitHub }: AccountModel): string {
  const link = isLinkedToGitHub
    ? '<p>Your GitHub.com account is known, so that you decide no request of your own.</p>'
    : `<p>Before you decide a request, sign in at GitHub.com too: nobody decides a request of their own.</p>
${button('/sign-in/github', form, 'Sign in at GitHub.com', { returnTo: '/account' })}`;
  return `<p>You are signed in as <strong>support</strong>.</p>\n${link}`;
}

function sessions({ form, sessions: all }: AccountModel): string {
  const rows = all.map(({ id, createdAt, seenAt, isThis }) => {
    const end = isThis ? 'This browser' : button(`/account/sessions/${id}/end`, form, 'End');
    return `<tr><td>${time(createdAt)}</td><td>${time(seenAt)}</td><td>${end}</td></tr>`;
  });
  return `<h2>Where you are signed in</h2>
<table><thead><tr><th>Since</th><th>Last seen</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>
${button('/sign-out', form, 'Sign out')}`;
}
