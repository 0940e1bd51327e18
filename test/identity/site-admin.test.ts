import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NO, UNKNOWN, YES, startTwoPeers, type TwoPeers } from './two-peers.ts';

let peers: TwoPeers;
beforeEach(async () => {
  peers = await startTwoPeers();
});
afterEach(() => peers.close());

describe('a site administrator of the instance', () => {
  test.each([
    ['ada', YES],
    ['bruno', YES],
    ['chloe', NO],
    ['devi', NO],
  ])('%s: %j', async (key, answer) => {
    expect(await peers.isSiteAdmin(key)).toEqual(answer);
  });

  test('is looked up at the moment, by number', async () => {
    peers.instance.people.change('ada', { siteAdmin: false });
    peers.instance.people.change('devi', { siteAdmin: true, login: 'somebody-else' });
    expect([await peers.isSiteAdmin('ada'), await peers.isSiteAdmin('devi')]).toEqual([NO, YES]);
    expect(peers.instance.requests.all().map(({ path, who }) => [path, who])).toEqual([
      ['/api/v3/user/1001', 'reader'],
      ['/api/v3/user/1005', 'reader'],
    ]);
  });

  test('is nobody who is suspended, who left, or whose number is somebody else’s now', async () => {
    const ada = peers.identityOf('ada');
    peers.instance.people.suspend('ada');
    expect(await peers.isSiteAdmin('ada', ada)).toEqual(NO);
    peers.instance.people.unsuspend('ada');
    peers.instance.people.reuseId('ada', '2025-01-01T00:00:00Z');
    expect(await peers.isSiteAdmin('ada', ada)).toEqual(NO);
    peers.instance.people.leave('ada');
    expect(await peers.isSiteAdmin('ada', ada)).toEqual(NO);
  });

  test('is not known with a credential that the instance does not take', async () => {
    expect(await peers.isSiteAdmin('ada', peers.identityOf('ada'), 'ghp_guessed')).toEqual(UNKNOWN);
  });
});
