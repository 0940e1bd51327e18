import type { Http, HttpRequest } from '../net/http.ts';
import { isFields, isId, parseJson, toUtcSecond } from '../net/json.ts';
import type { Source, SourceInstance } from '../ports/source.ts';
import { exchangeFailure, failure } from './failure.ts';
import { contributionsRequest, readContributions } from './ghes-contributions.ts';
import { refusalOf } from './ghes-failure.ts';
import { seesPrivateWork } from './ghes-scopes.ts';

/** GitHub Enterprise Server, by its public GraphQL and REST APIs, with OAuth App tokens that do not expire. */
export function createGhes(http: Http): Source {
  return {
    kind: 'ghes',
    density: 'every_day',
    tokensExpire: false,
    tokensRevocable: true,
    async read(at, token, who, window, signal) {
      const body = contributionsRequest(window);
      const answer = await http.requestJson({
        method: 'POST',
        at,
        path: '/api/graphql',
        authorization: bearer(token),
        body,
        signal,
      });
      return answer.ok ? readContributions(answer, who, window) : exchangeFailure(answer.reason);
    },
    async whoami(at, token, signal) {
      const answer = await http.requestJson({
        method: 'GET',
        at,
        path: '/api/v3/user',
        authorization: bearer(token),
        signal,
      });
      if (!answer.ok) return exchangeFailure(answer.reason);
      if (answer.status !== 200) return refusalOf(answer);
      const user = readUser(parseJson(answer.body));
      if (user === undefined) return failure('bad_answer');
      return { ok: true, ...user, seesPrivateWork: seesPrivateWork(answer.headers) };
    },
    // Its tokens do not expire: asked to refresh one, the answer is that there is nothing to refresh it with.
    refresh: () => Promise.resolve(failure('token_expired')),
    async revoke(at, token, signal) {
      if (at.oauth === undefined) return failure('bad_answer');
      const answer = await http.requestJson(revocation(at, at.oauth, token, signal));
      if (!answer.ok) return exchangeFailure(answer.reason);
      if (answer.status === 204) return { ok: true, already: false };
      const known = isFields(parseJson(answer.body));
      if (known && (answer.status === 404 || answer.status === 422)) return { ok: true, already: true };
      // Here 401 is about the OAuth App's own credentials, not about the token.
      return answer.status === 401 ? failure('bad_answer') : refusalOf(answer);
    },
    close: () => http.close(),
  };
}

/** `DELETE /applications/{client_id}/token`: that token alone; `/grant` would take the person's other tokens with it. */
function revocation(
  at: SourceInstance,
  { clientId, clientSecret }: NonNullable<SourceInstance['oauth']>,
  token: string,
  signal: AbortSignal | undefined,
): HttpRequest {
  return {
    method: 'DELETE',
    at,
    path: `/api/v3/applications/${encodeURIComponent(clientId)}/token`,
    authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    body: JSON.stringify({ access_token: token }),
    signal,
  };
}

function readUser(user: unknown): { login: string; siteAdmin: boolean; userId: number; createdAt: string } | undefined {
  if (!isFields(user)) return undefined;
  const { id, login, site_admin: siteAdmin, created_at: created } = user;
  const createdAt = toUtcSecond(created);
  if (!isId(id) || typeof login !== 'string' || typeof siteAdmin !== 'boolean' || !createdAt) return undefined;
  return { userId: id, login, siteAdmin, createdAt };
}

function bearer(token: string): string {
  return `Bearer ${token}`;
}
