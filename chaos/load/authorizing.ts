import { DEMO_OAUTH_APPLICATION, DEMO_REGISTRATION } from '../../demo/peers/demo-people.ts';

const REDIRECT = `${DEMO_REGISTRATION.callbackUrl}/by-hand`;
const SCOPE = 'read:user';

/**
 * A developer signs in at the instance and lets our application read, as with a browser: each time the token is another
 * one, since that of a link that has ended is revoked.
 */
export async function authorizesAt(url: string, login: string): Promise<{ token: string }> {
  const { clientId, clientSecret } = DEMO_OAUTH_APPLICATION;
  const asked = { client_id: clientId, redirect_uri: REDIRECT, scope: SCOPE, state: login };
  const signedIn = await posts(`${url}/session`, { login });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const agreed = await posts(`${url}/login/oauth/authorize`, { ...asked, authorize: '1' }, { cookie });
  const code = new URL(agreed.headers.get('location') ?? url).searchParams.get('code') ?? '';
  const fields = { client_id: clientId, client_secret: clientSecret, redirect_uri: REDIRECT, code };
  const given = await posts(`${url}/login/oauth/access_token`, fields, { accept: 'application/json' });
  const { access_token: token } = (await given.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`The instance gave ${login} no token.`);
  return { token };
}

function posts(url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(fields) });
}
