import { randomUUID } from 'node:crypto';
import type { GiteaUser } from './gitea-user.ts';

const SCOPE = 'read:user';

export interface OAuthApplication {
  clientId: string;
  clientSecret: string;
  redirectUri: string;
}

/** What a developer's sign-in leaves with the product. */
export interface OAuthTokens {
  token: string;
  refreshToken: string;
  expiresAt: string;
}

export async function registerApplication(admin: GiteaUser, redirectUri: string): Promise<OAuthApplication> {
  const wanted = { name: 'Unified Contributions', redirect_uris: [redirectUri], confidential_client: true };
  const made = await admin.ask<{ client_id: string; client_secret: string }>(
    'POST',
    '/user/applications/oauth2',
    wanted,
  );
  return { clientId: made.client_id, clientSecret: made.client_secret, redirectUri };
}

/**
 * Signs in with a password and agrees, as a browser would with Gitea's own pages; the code is then exchanged for tokens.
 * Who agreed once is not asked again.
 */
export async function signIn(user: GiteaUser, app: OAuthApplication): Promise<OAuthTokens> {
  const asked = { client_id: app.clientId, redirect_uri: app.redirectUri, state: randomUUID(), scope: SCOPE };
  const browse = browserAt(user.url);
  await browse('/user/login', { user_name: user.login, password: user.password });
  const query = new URLSearchParams({ ...asked, response_type: 'code' }).toString();
  const agreedBefore = await browse(`/login/oauth/authorize?${query}`);
  const { location } =
    agreedBefore.location === null ? await browse('/login/oauth/grant', { ...asked, granted: 'true' }) : agreedBefore;
  const back = new URL(location ?? '/', app.redirectUri).searchParams;
  if (back.get('state') !== asked.state) throw new Error('Gitea did not come back from its consent page.');
  const code = { grant_type: 'authorization_code', code: back.get('code'), redirect_uri: app.redirectUri };
  const { status, body } = await exchange(user.url, app, code);
  if (status !== 200) throw new Error(`Gitea gave no token for its code: ${status} ${body.error}`);
  const expiresAt = new Date(Date.now() + body.expires_in * 1000).toISOString();
  return { token: body.access_token, refreshToken: body.refresh_token, expiresAt };
}

interface TokenAnswer {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  error?: string;
}

/** Asks the token endpoint (RFC 6749, 4.1.3 and 6). */
export async function exchange(
  url: string,
  { clientId, clientSecret }: OAuthApplication,
  grant: object,
): Promise<{ status: number; body: TokenAnswer }> {
  const response = await fetch(`${url}/login/oauth/access_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: clientId, client_secret: clientSecret, ...grant }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** As much of a browser as those pages need: it keeps cookies, and posts forms. */
function browserAt(url: string) {
  const cookies = new Map<string, string>();
  return async (path: string, form?: Record<string, string>): Promise<{ location: string | null }> => {
    const response = await fetch(`${url}${path}`, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((cookie) => cookie.join('=')).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    await response.arrayBuffer();
    if (response.status >= 400) throw new Error(`Gitea answered ${response.status} to ${path.split('?', 1)[0]}`);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return { location: response.headers.get('location') };
  };
}
