import type { OAuthApplication } from './oauth-application.ts';
import type { Person } from './person.ts';

/** One button a person: the demo has no passwords. */
export function signInPage(title: string, people: readonly Person[], login: string | undefined, returnTo: string) {
  const suggested = people.filter((one) => one.login === login);
  const others = people.filter((one) => one.login !== login);
  const buttons = [...suggested, ...others].map(
    (one) => `<p><button name="login" value="${escaped(one.login)}">Sign in as ${escaped(one.login)}</button>
${escaped(one.name)}${one.siteAdmin ? ', site administrator' : ''}</p>`,
  );
  return page(
    `Sign in to ${title}`,
    `<form method="post" action="/session">${hidden({ return_to: returnTo })}
${buttons.join('\n')}
</form>`,
  );
}

interface Consent {
  title: string;
  application: OAuthApplication;
  person: Person;
  scopes: readonly string[];
  /** What the application asked, to be sent along with the decision. */
  fields: Readonly<Record<string, string>>;
  /** Authorized before, and asked for so often that GitHub wants to hear it again. */
  again: boolean;
}

export function consentPage({ title, application, person, scopes, fields, again }: Consent): string {
  const rights = scopes.map((scope) => `<li>${escaped(RIGHTS[scope] ?? 'More')} (<code>${escaped(scope)}</code>)</li>`);
  const why = again
    ? '<p><strong>Reauthorization required.</strong> This application has asked for access unusually often.</p>'
    : '';
  return page(
    `Authorize ${application.name}`,
    `${why}<p>${escaped(application.name)} wants to access the account <strong>${escaped(person.login)}</strong> at ${escaped(title)}.</p>
<ul>${rights.length === 0 ? '<li>Public data only: it asks for no scope</li>' : rights.join('')}</ul>
<form method="post" action="/login/oauth/authorize">${hidden(fields)}
<button name="authorize" value="1">Authorize</button> <button name="authorize" value="0">Cancel</button>
</form>`,
  );
}

const RIGHTS: Readonly<Record<string, string>> = {
  'read:user': 'Read all user profile data, and how much was contributed in private',
  'read:org': 'Read memberships of organizations',
};

export function suspendedPage(title: string): string {
  return page(title, '<p>Sorry. Your account was suspended.</p>');
}

export function notFoundPage(title: string): string {
  return page(title, '<p>This is not the page that you are looking for.</p>');
}

function hidden(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('');
}

/** A page that needs no script. `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }</style></head>
<body><main>
<h1>${escaped(title)}</h1>
${body}
</main></body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&${ENTITIES[character]};`);
}
