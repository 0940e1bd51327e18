import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { startInstancePeer } from '../../demo/peers/instance-peer.ts';
import type { InstancePeer } from '../../demo/peers/instance-peer.ts';
import { ask } from './ask.ts';

interface User {
  id: number;
  login: string;
  created_at: string;
  site_admin: boolean;
  suspended_at: string | null;
}

let instance: InstancePeer;
beforeEach(async () => {
  instance = await startInstancePeer();
});
afterEach(async () => instance.close());

const rest = async <Body>(path: string, token?: string) => ask<Body>(`${instance.url}/api/v3${path}`, token);

const onToken = async (method: 'POST' | 'DELETE', token: string, secret = instance.application.clientSecret) => {
  const { clientId } = instance.application;
  const basic = Buffer.from(`${clientId}:${secret}`).toString('base64');
  return ask(`${instance.url}/api/v3/applications/${clientId}/token`, undefined, {
    method,
    body: { access_token: token },
    headers: { authorization: `Basic ${basic}` },
  });
};

describe('users and tokens of the demo instance', () => {
  test('a token opens its own user, with id, creation time and whether a site administrator', async () => {
    const answer = await rest<User>('/user', instance.people.tokenOf('ada'));
    expect(answer.body).toMatchObject({ id: 1001, login: 'amarsh', site_admin: true, suspended_at: null });
    expect(answer.headers).toMatchObject({
      'x-github-enterprise-version': '3.17.2',
      'x-oauth-scopes': 'read:user',
      'x-ratelimit-remaining': '4999',
      'x-github-request-id': expect.any(String),
    });
  });

  test('anybody signed in looks a user up by id and by login', async () => {
    const token = instance.people.tokenOf('reader');
    expect((await rest<User>('/user/1005', token)).body.login).toBe('draman');
    expect((await rest<User>('/users/bkeller', token)).body).toMatchObject({ id: 1003, site_admin: true });
    expect((await rest('/user/424242', token)).status).toBe(404);
  });

  test('a token may be called token instead of Bearer', async () => {
    const headers = { authorization: `token ${instance.people.tokenOf('devi')}` };
    expect((await ask(`${instance.url}/api/v3/user`, undefined, { headers })).body).toMatchObject({ login: 'draman' });
  });

  test('the version stands at /meta', async () => {
    expect((await rest('/meta', instance.people.tokenOf('ada'))).body).toMatchObject({ installed_version: '3.17.2' });
  });

  test('no token and an unknown token are bad credentials', async () => {
    expect(await rest('/user')).toMatchObject({ status: 401, body: { message: 'Bad credentials' } });
    expect(await rest('/user', 'gho_never_issued')).toMatchObject({ status: 401 });
  });

  test('a request without a user agent is forbidden', async () => {
    const headers = { authorization: `token ${instance.people.tokenOf('ada')}` };
    const answer = await request(`${instance.url}/api/v3/user`, { headers });
    await answer.body.dump();
    expect(answer.statusCode).toBe(403);
  });

  test('somebody suspended is told so, and is seen as suspended by others', async () => {
    instance.people.suspend('devi');
    expect(await rest('/user', instance.people.tokenOf('devi'))).toMatchObject({
      status: 403,
      body: { message: 'Sorry. Your account was suspended.' },
    });
    const seen = await rest<User>('/user/1005', instance.people.tokenOf('reader'));
    expect(seen.body.suspended_at).toEqual(expect.any(String));
  });

  test('of somebody who left the token is unknown and the id not found', async () => {
    const token = instance.people.tokenOf('devi');
    instance.people.leave('devi');
    expect((await rest('/user', token)).status).toBe(401);
    expect((await rest('/user/1005', instance.people.tokenOf('reader'))).status).toBe(404);
  });

  test('a rename keeps id and creation time; a reused id has another creation time', async () => {
    const token = instance.people.tokenOf('reader');
    const before = (await rest<User>('/user/1005', token)).body;
    instance.people.rename('devi', 'devi-raman');
    expect((await rest<User>('/user/1005', token)).body).toMatchObject({
      login: 'devi-raman',
      created_at: before.created_at,
    });
    instance.people.reuseId('devi');
    expect((await rest<User>('/user/1005', token)).body.created_at).not.toBe(before.created_at);
  });
});

describe('the OAuth application of the demo instance', () => {
  test('finds out whose a token is', async () => {
    const answer = await onToken('POST', instance.people.tokenOf('devi'));
    expect(answer).toMatchObject({ status: 200, body: { scopes: ['read:user'], user: { id: 1005 } } });
  });

  test('revokes one token; the other tokens of the person go on', async () => {
    const first = instance.people.tokenOf('devi');
    const second = instance.people.issueToken('devi', { value: 'gho_second' });
    expect((await onToken('DELETE', first)).status).toBe(204);
    expect((await onToken('POST', first)).status).toBe(404);
    expect((await rest('/user', first)).status).toBe(401);
    expect((await rest('/user', second)).status).toBe(200);
  });

  test('does nothing for a wrong secret', async () => {
    const token = instance.people.tokenOf('devi');
    expect((await onToken('DELETE', token, 'guessed')).status).toBe(401);
    expect((await rest('/user', token)).status).toBe(200);
  });
});
