import { toUtcSecond } from '../../src/net/json.ts';
import type { SourceIdentity } from '../../src/ports/source.ts';

/** A password for the demo's people; nothing of it is secret. */
export const passwordOf = (login: string) => `Demo-password-of-${login}-1`;
export const mailOf = (login: string) => `${login}@gitea.example`;

/** Somebody with an account at a Gitea, who uses its API by name and password. */
export interface GiteaUser {
  url: string;
  login: string;
  password: string;
  /** The value of `Authorization`, for git as well. */
  authorization: string;
  identity: SourceIdentity;
  ask<Body>(method: 'GET' | 'POST', path: string, body?: object): Promise<Body>;
}

export async function userAt(url: string, login: string): Promise<GiteaUser> {
  const password = passwordOf(login);
  const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;
  const ask: GiteaUser['ask'] = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Gitea answered ${response.status} to ${method} ${path}`);
    return JSON.parse(await response.text());
  };
  const { id, created } = await ask<{ id: number; created: string }>('GET', '/user');
  return { url, login, password, authorization, identity: { userId: id, createdAt: toUtcSecond(created)! }, ask };
}

export async function addUser(admin: GiteaUser, login: string): Promise<GiteaUser> {
  const user = { username: login, password: passwordOf(login), email: mailOf(login), must_change_password: false };
  await admin.ask('POST', '/admin/users', user);
  return userAt(admin.url, login);
}

/** An access token that does not expire, with the one scope that the product needs. */
export async function accessTokenOf(user: GiteaUser): Promise<string> {
  const wanted = { name: 'product', scopes: ['read:user'] };
  return (await user.ask<{ sha1: string }>('POST', `/users/${user.login}/tokens`, wanted)).sha1;
}
