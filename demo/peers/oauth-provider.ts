import type { Answer } from './answer.ts';
import type { Fault } from './fault-kinds.ts';
import type { Incoming } from './incoming.ts';
import { checkToken, deleteToken } from './oauth-application.ts';
import type { OAuthApplication } from './oauth-application.ts';
import { AUTHORIZE_ROUTES } from './oauth-authorize.ts';
import { Codes } from './oauth-codes.ts';
import type { Grants } from './oauth-grants.ts';
import { exchangeCode, tokenFields } from './oauth-token.ts';
import { PeerSessions } from './peer-session.ts';
import type { People } from './people.ts';
import { router } from './routes.ts';

export interface OAuthSettings {
  /** False plays a server that does not know PKCE: what is sent of it is ignored. */
  verifiesPkce: boolean;
}

interface OAuthOptions {
  /** What the pages call the place. */
  title: string;
  /** What comes before `/applications/…`: the REST API's path. */
  apiBase: string;
  application: OAuthApplication;
  people: People;
  grants: Grants;
  settings: OAuthSettings;
  now: () => Date;
}

export interface OAuthContext extends OAuthOptions {
  codes: Codes;
  sessions: PeerSessions;
}

/** GitHub as an OAuth 2 provider, which GitHub Enterprise Server is too. */
export interface OAuthProvider {
  serves(path: string): boolean;
  answer(request: Incoming, faults: readonly Fault[]): Promise<Answer>;
  /** Key of the person for whom a browser or a code comes; faults and holds are aimed by it. */
  whoComes: (request: Incoming) => string | undefined;
}

const TOKEN = '/login/oauth/access_token';

export function createOAuthProvider(options: OAuthOptions): OAuthProvider {
  const { apiBase, application, people } = options;
  const sessions = new PeerSessions(people);
  const context = { ...options, sessions, codes: new Codes(options.now) };
  const token = `${apiBase}/applications/:client/token`;
  const route = router<OAuthContext & { faults: readonly Fault[] }>([
    ...AUTHORIZE_ROUTES,
    { method: 'POST', path: TOKEN, handle: (request, { faults }) => exchangeCode(request, context, faults) },
    {
      method: 'POST',
      path: token,
      handle: (request, _context, { client = '' }) => checkToken(application, people, request, client),
    },
    {
      method: 'DELETE',
      path: token,
      handle: (request, _context, { client = '' }) => deleteToken(application, people, request, client),
    },
  ]);
  return {
    serves: (path) => /^\/(login|session)(\/|$)/.test(path) || path.startsWith(`${apiBase}/applications/`),
    answer: (request, faults) => route(request, { ...context, faults }),
    whoComes(request) {
      if (request.path === TOKEN) return context.codes.whose(tokenFields(request)['code'] ?? '');
      if (request.path === '/session') return people.byLogin(request.form['login'] ?? '')?.key;
      return sessions.personIn(request)?.key;
    },
  };
}
