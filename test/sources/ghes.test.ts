import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CANARIES } from '../../demo/peers/canaries.ts';
import { DEMO_OAUTH_APPLICATION, DEMO_PEOPLE } from '../../demo/peers/demo-people.ts';
import { startInstancePeer, type InstancePeer } from '../../demo/peers/instance-peer.ts';
import type { SourceRead } from '../../src/ports/source.ts';
import { CONTRIBUTIONS_QUERY } from '../../src/sources/ghes-contributions.ts';
import { createSources, type Sources } from '../../src/sources/index.ts';
import { failed, instanceAt, NOW, window } from './reading.ts';

let sources: Sources;
let peer: InstancePeer;
beforeAll(() => {
  sources = createSources();
});
beforeEach(async () => {
  peer = await startInstancePeer({ now: () => new Date(NOW) });
});
afterEach(() => peer.close());
afterAll(() => sources.close());

const identityOf = (key: string) => {
  const { id: userId, createdAt } = peer.people.get(key);
  return { userId, createdAt };
};
const at = () => instanceAt(peer.url, 'ghes', DEMO_OAUTH_APPLICATION);
const read = (key: string, token = peer.people.tokenOf(key)): Promise<SourceRead> =>
  sources.ghes.read(at(), token, identityOf(key), window);
const countsOf = async (key: string): Promise<number[]> => {
  const answer = await read(key);
  if (!answer.ok) throw new Error(answer.failure);
  return [...answer.counts];
};
/** What is true at the instance, label by label; a day that has not begun has nothing. */
const truth = (key: string) => window.labels.map((date) => peer.contributions.of(key, date).count);

describe("a developer's counts", () => {
  test.each(DEMO_PEOPLE.map(({ key }) => key))('are those of the instance, day by day: %s', async (key) => {
    expect(await countsOf(key)).toEqual(truth(key));
  });

  test('of somebody ahead of UTC hold the day that has begun there only', async () => {
    peer.contributions.set('farah', window.to, 4);
    expect((await countsOf('farah'))[91]).toBe(4);
  });

  test('are the same where the calendar lists days that are still to come', async () => {
    const listing = await startInstancePeer({ now: () => new Date(NOW), calendarEnds: 'to' });
    const { id: userId, createdAt } = listing.people.get('devi');
    const token = listing.people.tokenOf('devi');
    const answer = await sources.ghes.read(instanceAt(listing.url, 'ghes'), token, { userId, createdAt }, window);
    await listing.close();
    expect(answer.ok && [...answer.counts]).toEqual(truth('devi'));
  });

  test('follow past days up and down', async () => {
    const [first, last] = [window.from, window.labels[90]!];
    peer.contributions.set('devi', first, 31);
    peer.contributions.set('devi', last, 0);
    const counts = await countsOf('devi');
    expect([counts[0], counts[90]]).toEqual([31, 0]);
  });

  test('are known by id and creation time: a renamed user changes nothing', async () => {
    const before = await countsOf('devi');
    peer.people.rename('devi', 'devi-renamed');
    expect(await countsOf('devi')).toEqual(before);
  });

  test('are read with that developer’s own token: any other gives no counts', async () => {
    expect(await read('devi', peer.people.tokenOf('emil'))).toStrictEqual(failed('identity_mismatch'));
  });

  test('are all that is asked for: one request, one query, the window', async () => {
    await read('devi');
    const requests = peer.requests.all();
    expect(requests.map(({ method, path, who }) => [method, path, who])).toEqual([['POST', '/api/graphql', 'devi']]);
    expect(requests[0]!.body).toEqual({
      query: CONTRIBUTIONS_QUERY,
      variables: { from: '2026-08-26T00:00:00Z', to: '2026-11-25T23:59:59Z' },
    });
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = requests[0]!.headers;
    expect(headers).toEqual({
      authorization: 'Bearer ***',
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^unified-contributions\/\d/),
    });
  });

  test('are all that comes back', async () => {
    const text = JSON.stringify(await read('devi'));
    expect(Object.values(CANARIES).filter((word) => text.includes(word))).toEqual([]);
    expect(text).not.toContain('draman');
  });
});

describe('whose a token is', () => {
  test('is its user’s numeric id and creation time, and whether a site administrator', async () => {
    const answer = await sources.ghes.whoami(at(), peer.people.tokenOf('ada'));
    expect(answer).toStrictEqual({
      ok: true,
      login: 'amarsh',
      siteAdmin: true,
      seesPrivateWork: true,
      ...identityOf('ada'),
    });
    expect(await sources.ghes.whoami(at(), peer.people.tokenOf('devi'))).toMatchObject({ siteAdmin: false });
  });

  test('is answered for a token without the scope too, which is said', async () => {
    const token = peer.people.issueToken('devi', { value: 'gho_without', scopes: ['repo'] });
    expect(await sources.ghes.whoami(at(), token)).toMatchObject({ ok: true, seesPrivateWork: false });
    expect(await read('devi', token)).toStrictEqual(failed('scope_missing'));
  });

  test.each(['user', 'repo, read:user', 'gist, user'])('is answered with the scopes %s', async (scopes) => {
    const token = peer.people.issueToken('devi', { value: 'gho_with', scopes: scopes.split(', ') });
    expect(await sources.ghes.whoami(at(), token)).toMatchObject({ ok: true });
    expect(await read('devi', token)).toMatchObject({ ok: true });
  });
});

describe('the end of a token', () => {
  test('ends that token alone; the person’s others go on', async () => {
    const other = peer.people.issueToken('devi', { value: 'gho_other' });
    const token = peer.people.tokenOf('devi');
    expect(await sources.ghes.revoke(at(), token)).toStrictEqual({ ok: true, already: false });
    expect(await read('devi', token)).toStrictEqual(failed('token_revoked'));
    expect(await read('devi', other)).toMatchObject({ ok: true });
    expect(peer.requests.all()[0]!.path).toMatch(/^\/api\/v3\/applications\/[^/]+\/token$/);
  });

  test('is reached already where the instance does not know it any more', async () => {
    const token = peer.people.tokenOf('devi');
    await sources.ghes.revoke(at(), token);
    expect(await sources.ghes.revoke(at(), token)).toStrictEqual({ ok: true, already: true });
  });

  test('is not claimed with a wrong secret, without an application, or by an instance that is down', async () => {
    const token = peer.people.tokenOf('devi');
    const guessed = { ...DEMO_OAUTH_APPLICATION, clientSecret: 'guessed' };
    expect(await sources.ghes.revoke(instanceAt(peer.url, 'ghes', guessed), token)).toStrictEqual(failed('bad_answer'));
    expect(await sources.ghes.revoke(instanceAt(peer.url, 'ghes'), token)).toStrictEqual(failed('bad_answer'));
    expect(await read('devi', token)).toMatchObject({ ok: true });
    await peer.goDown();
    expect(await sources.ghes.revoke(at(), token)).toStrictEqual(failed('source_unreachable'));
  });

  test('comes by no refresh: its tokens do not expire', async () => {
    expect(sources.ghes).toMatchObject({ kind: 'ghes', density: 'every_day', tokensExpire: false });
    expect(await sources.ghes.refresh(at(), 'ghr_none')).toStrictEqual(failed('token_expired'));
    expect(peer.requests.all()).toEqual([]);
  });
});
