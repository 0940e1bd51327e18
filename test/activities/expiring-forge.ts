import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Gitea 1.26 answers to a token that has ended or was taken back. */
const REFUSAL = { message: 'invalid username, password or token' };

/** A program over HTTP that behaves like Gitea with single-use refresh tokens, for one user without contributions. */
export async function startExpiringForge(user: { id: number; created: string }) {
  let serial = 0;
  const valid = new Set<string>();
  let refreshToken = '';
  let refreshes = 0;
  let refusals = 0;
  const settings = {
    keepsRefreshTokens: false,
    used: async (): Promise<unknown> => undefined,
    refreshing: async (): Promise<unknown> => undefined,
  };
  const issue = (lifeSeconds: number) => {
    serial += 1;
    const claims = { n: serial, exp: Math.floor(Date.now() / 1000) + lifeSeconds };
    const token = ['eyJ9', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'sig'].join('.');
    if (lifeSeconds > 0) valid.add(token);
    refreshToken = `refresh-${serial}`;
    return { token, refreshToken };
  };
  const exchange = (body: { refresh_token: string }) => {
    if (body.refresh_token !== refreshToken) return { status: 400, json: { error: 'unauthorized_client' } };
    refreshes += 1;
    const { token } = issue(3600);
    if (settings.keepsRefreshTokens) refreshToken = body.refresh_token;
    const next = settings.keepsRefreshTokens ? {} : { refresh_token: refreshToken };
    return { status: 200, json: { access_token: token, expires_in: 3600, ...next } };
  };
  const answer = async (request: IncomingMessage) => {
    if (request.url === '/login/oauth/access_token') {
      await settings.refreshing();
      return exchange(JSON.parse(await textOf(request)));
    }
    if (!valid.has(request.headers.authorization?.slice('Bearer '.length) ?? '')) {
      refusals += 1;
      return { status: 401, json: REFUSAL };
    }
    await settings.used();
    if (request.url === '/api/v1/user') return { status: 200, json: { ...user, login: 'd', is_admin: false } };
    return { status: 200, json: [] };
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, json }) => response.writeHead(status).end(JSON.stringify(json)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issue,
    /** Takes every access token back that it has issued; refresh tokens stay good. */
    revokeAll: () => valid.clear(),
    refreshes: () => refreshes,
    /** How many requests came with a token that had ended. */
    refusals: () => refusals,
    /** From now on a refresh token serves again and again. */
    keepRefreshTokens: () => void (settings.keepsRefreshTokens = true),
    /** Does this whenever a good token comes, before it answers. */
    whenUsed: (look: () => Promise<unknown>) => void (settings.used = look),
    /** Does this whenever a refresh token comes, before it is spent. */
    whenRefreshing: (look: () => Promise<unknown>) => void (settings.refreshing = look),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
export type ExpiringForge = Awaited<ReturnType<typeof startExpiringForge>>;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
