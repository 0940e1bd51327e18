import { html, redirect } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Incoming } from './incoming.ts';
import { consentPage, notFoundPage, signInPage, suspendedPage } from './oauth-pages.ts';
import { authorizationIn, refused, sentBack } from './oauth-request.ts';
import type { AuthorizationRequest } from './oauth-request.ts';
import { isIssuedTooOften } from './oauth-tokens.ts';
import type { OAuthContext } from './oauth-provider.ts';
import type { Person } from './person.ts';
import type { Route } from './routes.ts';

const AUTHORIZE = '/login/oauth/authorize';

/** The pages where people sign in and say what an application may do. */
export const AUTHORIZE_ROUTES: readonly Route<OAuthContext>[] = [
  { method: 'GET', path: '/login', handle: showSignIn },
  { method: 'POST', path: '/session', handle: signIn },
  { method: 'GET', path: AUTHORIZE, handle: authorize },
  { method: 'POST', path: AUTHORIZE, handle: decide },
];

function showSignIn({ query }: Incoming, { title, people }: OAuthContext): Answer {
  const shown = people.all().filter(({ gone }) => !gone);
  return html(200, signInPage(title, shown, query.get('login') ?? undefined, query.get('return_to') ?? ''));
}

function signIn(request: Incoming, { title, people, sessions }: OAuthContext): Answer {
  const { login = '', return_to: returnTo = '' } = request.form;
  const person = people.byLogin(login);
  if (person === undefined) return html(422, notFoundPage(title));
  if (person.suspendedAt !== null) return html(403, suspendedPage(title));
  // Nowhere but to the page that sent the browser here.
  const next = returnTo.startsWith(`${AUTHORIZE}?`) ? returnTo : '/login';
  return redirect(next, { 'set-cookie': sessions.begin(request, person) });
}

function authorize(request: Incoming, context: OAuthContext): Answer {
  return withPerson(request, context, Object.fromEntries(request.query), (asked, person, fields) => {
    const { title, grants, people, application, now } = context;
    const { clientId } = application;
    const granted = grants.scopesOf(person.key, clientId);
    // Without a scope the application gets all that this person has ever granted it.
    const scopes = asked.scopes.length === 0 ? (granted ?? []) : asked.scopes;
    const isKnown = granted !== undefined && scopes.every((scope) => granted.includes(scope));
    const tooOften = isIssuedTooOften(people, { who: person.key, clientId, scopes }, now());
    if (isKnown && !tooOften) return withCode(context, { ...asked, scopes }, person);
    return html(200, consentPage({ title, application, person, scopes, fields, again: isKnown }));
  });
}

function decide(request: Incoming, context: OAuthContext): Answer {
  return withPerson(request, context, request.form, (asked, person, fields) => {
    if (fields['authorize'] !== '1') return sentBack(asked, refused('access_denied'));
    const { clientId } = context.application;
    context.grants.add(person.key, clientId, asked.scopes);
    const scopes = asked.scopes.length === 0 ? (context.grants.scopesOf(person.key, clientId) ?? []) : asked.scopes;
    return withCode(context, { ...asked, scopes }, person);
  });
}

type Fields = Record<string, string>;

/** What both have in common: an application that is known, a request that is allowed, and somebody signed in. */
function withPerson(
  request: Incoming,
  { title, application, sessions, settings }: OAuthContext,
  fields: Fields,
  then: (asked: AuthorizationRequest, person: Person, fields: Fields) => Answer,
): Answer {
  if (fields['client_id'] !== application.clientId) return html(404, notFoundPage(title));
  const asked = authorizationIn(fields, application, settings.verifiesPkce);
  if ('status' in asked) return asked;
  const { prompt, ...rest } = fields;
  const person = sessions.personIn(request);
  if (person === undefined || prompt === 'select_account') return toSignIn(rest);
  if (person.suspendedAt !== null) return html(403, suspendedPage(title));
  return then(asked, person, rest);
}

/** And back here afterwards, where nobody is asked again which account it shall be. */
function toSignIn(fields: Fields): Answer {
  const query = new URLSearchParams({ return_to: `${AUTHORIZE}?${new URLSearchParams(fields).toString()}` });
  if (fields['login'] !== undefined) query.set('login', fields['login']);
  return redirect(`/login?${query.toString()}`);
}

function withCode({ codes, application }: OAuthContext, asked: AuthorizationRequest, { key }: Person): Answer {
  const { redirectUri, scopes, challenge } = asked;
  const code = codes.issue({ who: key, clientId: application.clientId, redirectUri, scopes, challenge });
  return sentBack(asked, { code });
}
