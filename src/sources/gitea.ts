import type { Http, HttpRequest } from '../net/http.ts';
import { isFields, isId, parseJson, toUtcSecond } from '../net/json.ts';
import type { Source, SourceIdentity, SourceInstance, SourceReadFailure } from '../ports/source.ts';
import { exchangeFailure, failure } from './failure.ts';
import { refusalOf } from './gitea-failure.ts';
import { readHeatmap } from './gitea-heatmap.ts';
import { readRefreshed } from './gitea-refresh.ts';

type GiteaUser = { ok: true; login: string; siteAdmin: boolean; seesPrivateWork: boolean } & SourceIdentity;

/** Gitea, and Forgejo, which has the same API. Tokens live an hour, refresh tokens 30 days unless the instance says otherwise. */
export function createGitea(http: Http): Source {
  const get = async (at: SourceInstance, token: string, path: string, signal: AbortSignal | undefined) => {
    const answer = await http.requestJson({ method: 'GET', at, path, authorization: `Bearer ${token}`, signal });
    if (!answer.ok) return exchangeFailure(answer.reason);
    return answer.status === 200 ? { ok: true as const, json: parseJson(answer.body) } : refusalOf(answer, token);
  };
  const whoami: Source['whoami'] = async (at, token, signal) => {
    const answer = await get(at, token, '/api/v1/user', signal);
    return answer.ok ? readUser(answer.json) : answer;
  };
  return {
    kind: 'gitea',
    density: 'sparse',
    tokensExpire: true,
    tokensRevocable: false,
    whoami,
    async read(at, token, who, window, signal) {
      const user = await whoami(at, token, signal);
      if (!user.ok) return user;
      if (user.userId !== who.userId || user.createdAt !== who.createdAt) return failure('identity_mismatch');
      // An empty heatmap is the answer to a stranger too, so it counts only because that token just gave this very user.
      const heatmap = await get(at, token, `/api/v1/users/${encodeURIComponent(user.login)}/heatmap`, signal);
      return heatmap.ok ? readHeatmap(heatmap.json, window) : heatmap;
    },
    async refresh(at, refreshToken, signal) {
      if (at.oauth === undefined) return failure('bad_answer');
      const answer = await http.requestJson(refreshing(at, at.oauth, refreshToken, signal));
      return answer.ok ? readRefreshed(answer) : exchangeFailure(answer.reason);
    },
    // Gitea 1.26 has no way for an application to take back one of its tokens: it ends by itself within the hour.
    revoke: () => Promise.resolve(failure('bad_answer')),
    close: () => http.close(),
  };
}

function refreshing(
  at: SourceInstance,
  { clientId, clientSecret }: NonNullable<SourceInstance['oauth']>,
  refreshToken: string,
  signal: AbortSignal | undefined,
): HttpRequest {
  const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const body = JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...grant });
  return { method: 'POST', at, path: '/login/oauth/access_token', body, signal };
}

function readUser(user: unknown): GiteaUser | SourceReadFailure {
  if (!isFields(user)) return failure('bad_answer');
  const { id, login, created, is_admin: siteAdmin } = user;
  const createdAt = toUtcSecond(created);
  if (!isId(id) || typeof login !== 'string' || typeof siteAdmin !== 'boolean' || !createdAt)
    return failure('bad_answer');
  // JSON can hold half a character, which no path can.
  if (/\p{Surrogate}/u.test(login)) return failure('bad_answer');
  // Its heatmap counts what is private whatever the scope: who may not read it gets no answer at all.
  return { ok: true, userId: id, login, siteAdmin, createdAt, seesPrivateWork: true };
}
