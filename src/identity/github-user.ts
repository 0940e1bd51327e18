import { createHttp, type HttpLimits } from '../net/http.ts';
import { isFields, isId, parseJson } from '../net/json.ts';

export interface GitHubSettings {
  /** `https://api.github.com`, without a slash at the end. */
  apiUrl: string;
  allowHttpLoopback: boolean;
  /** Our OAuth App at GitHub.com. */
  application: { clientId: string; clientSecret: string } | undefined;
  limits?: Partial<HttpLimits>;
}

/** The same, by the settings that the API and the worker have. */
export function githubSettings(config: {
  GITHUB_API_URL: string;
  ALLOW_HTTP_LOOPBACK: boolean;
  GITHUB_CLIENT_ID?: string | undefined;
  GITHUB_CLIENT_SECRET?: string | undefined;
}): GitHubSettings {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = config;
  return {
    apiUrl: config.GITHUB_API_URL,
    allowHttpLoopback: config.ALLOW_HTTP_LOOPBACK,
    application: clientId !== undefined && clientSecret !== undefined ? { clientId, clientSecret } : undefined,
  };
}

export interface GitHubUser {
  /** Whose token it is, by number: `GET /user`. Undefined where GitHub.com does not say. */
  whoami(token: string): Promise<number | undefined>;
  /** `DELETE /applications/{client_id}/token`: that token alone. @returns whether it holds no more */
  revoke(token: string, signal?: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export function createGitHubUser({ apiUrl, allowHttpLoopback, application, limits }: GitHubSettings): GitHubUser {
  const http = createHttp(limits);
  const at = { baseUrl: apiUrl, allowHttpLoopback };
  return {
    async whoami(token) {
      const answer = await http.requestJson({ method: 'GET', at, path: '/user', authorization: `Bearer ${token}` });
      const user = answer.ok && answer.status === 200 ? parseJson(answer.body) : undefined;
      return isFields(user) && isId(user['id']) ? user['id'] : undefined;
    },
    async revoke(token, signal) {
      if (application === undefined) return false;
      const { clientId, clientSecret } = application;
      const answer = await http.requestJson({
        method: 'DELETE',
        at,
        path: `/applications/${encodeURIComponent(clientId)}/token`,
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        body: JSON.stringify({ access_token: token }),
        signal,
      });
      if (!answer.ok) return false;
      const knowsNone = (answer.status === 404 || answer.status === 422) && isFields(parseJson(answer.body));
      return answer.status === 204 || knowsNone;
    },
    close: () => http.close(),
  };
}
