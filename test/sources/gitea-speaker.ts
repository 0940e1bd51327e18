import { says, saysJson, startOddServer, type Asked, type OddServer, type Respond } from '../support/odd-server.ts';

export interface GiteaUser {
  id: number;
  login: string;
  /** As Gitea writes it: in the zone of its own clock. */
  created: string;
  is_admin: boolean;
}

export interface Bucket {
  timestamp: number;
  contributions: number;
}

/** Devi's account, her heatmap and what her tokens mean, told in the words of Gitea 1.26. */
export interface GiteaSpeaker extends OddServer {
  user: GiteaUser;
  heatmap: Bucket[];
  /** Answers this path so, whatever is true. */
  instead(path: RegExp, respond: Respond): void;
  /** All as it should be again, and nothing asked. */
  reset(): void;
}

export const OAUTH = { clientId: 'a-client', clientSecret: 'secret-of-the-client' };
export const DEVI = { userId: 1005, createdAt: '2019-03-14T08:30:00Z' };

/** An access token of Gitea is a JWT that says when it ends. */
export function accessToken(expiresInSeconds: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + expiresInSeconds;
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ gnt: 1, tt: 0, exp })}.c2lnbmF0dXJl`;
}

export const GOOD = accessToken(3600);
export const GOOD_REFRESH = 'a-refresh-token';

const REFUSED = { message: 'invalid username, password or token', url: 'https://gitea.example/api/swagger' };
const NOT_FOUND = { message: 'user redirect does not exist [name: somebody]', url: '', errors: null };

export async function startGitea(): Promise<GiteaSpeaker> {
  const server = await startOddServer();
  let substitutes: [RegExp, Respond][] = [];
  const speaker: GiteaSpeaker = Object.assign(server, {
    user: newUser(),
    heatmap: [],
    instead: (path: RegExp, respond: Respond) => void substitutes.push([path, respond]),
    reset: () => {
      substitutes = [];
      server.asked.length = 0;
      speaker.user = newUser();
      speaker.heatmap = [];
    },
  });
  server.answers((response, asked) => {
    const substitute = substitutes.find(([path]) => path.test(asked.path));
    const respond = substitute ? substitute[1] : properAnswer(speaker, asked);
    respond(response, asked);
  });
  return speaker;
}

const newUser = (): GiteaUser => {
  return { id: DEVI.userId, login: 'draman', created: '2019-03-14T09:30:00+01:00', is_admin: false };
};

function properAnswer({ user, heatmap }: GiteaSpeaker, { method, path, headers, body }: Asked): Respond {
  if (method === 'POST' && path === '/login/oauth/access_token') return exchange(JSON.parse(body));
  if (headers.authorization !== `Bearer ${GOOD}`) return saysJson(401, REFUSED);
  if (path === '/api/v1/user') return saysJson(200, { ...user, full_name: 'Devi Raman', active: true });
  if (path === `/api/v1/users/${user.login}/heatmap`) return saysJson(200, heatmap);
  // To a stranger Gitea answers with an empty heatmap.
  if (path === '/api/v1/users/stranger/heatmap') return saysJson(200, []);
  return path.startsWith('/api/v1/users/') ? saysJson(404, NOT_FOUND) : says(404, 'Not found.\n');
}

function exchange(form: Record<string, unknown>): Respond {
  const { grant_type: type, client_id: id, client_secret: secret, refresh_token: token } = form;
  const refuse = (error: string, description: string) => saysJson(400, { error, error_description: description });
  if (type !== 'refresh_token') return refuse('unsupported_grant_type', 'Only refresh_token or authorization_code');
  if (id !== OAUTH.clientId) return refuse('invalid_client', `cannot load client with client id: "${String(id)}"`);
  if (secret !== OAUTH.clientSecret) return refuse('invalid_client', 'invalid client secret');
  if (token === 'used') return refuse('unauthorized_client', 'token was already used');
  if (token === 'taken-back') return refuse('invalid_grant', 'grant does not exist');
  if (token !== GOOD_REFRESH) return refuse('unauthorized_client', 'unable to parse refresh token');
  return saysJson(200, { access_token: GOOD, token_type: 'bearer', expires_in: 3600, refresh_token: 'the-next' });
}
