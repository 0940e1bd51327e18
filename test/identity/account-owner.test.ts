import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { ACME, ENTERPRISE, NO, UNKNOWN, YES, startTwoPeers, type TwoPeers } from './two-peers.ts';

let peers: TwoPeers;
beforeEach(async () => {
  peers = await startTwoPeers();
});
afterEach(() => peers.close());

describe('an owner of an organization', () => {
  test.each([
    ['ada', YES],
    ['chloe', YES],
    ['bruno', NO],
    ['devi', NO],
  ])('%s: %j', async (key, answer) => {
    expect(await peers.owns(ACME, key)).toEqual(answer);
  });

  test('is one now: no longer, and not yet, are no', async () => {
    peers.github.accounts.setMembership('acme', 'ada', { role: 'member', state: 'active' });
    peers.github.accounts.setMembership('acme', 'chloe', null);
    peers.github.accounts.setMembership('acme', 'devi', { role: 'admin', state: 'pending' });
    peers.github.accounts.setMembership('acme', 'emil', { role: 'admin', state: 'active' });
    const keys = ['ada', 'chloe', 'devi', 'emil'];
    expect(await Promise.all(keys.map((key) => peers.owns(ACME, key)))).toEqual([NO, NO, NO, YES]);
  });

  test('is found by number under whatever login', async () => {
    peers.github.people.rename('ada', 'ada-of-today');
    expect(await peers.owns(ACME, 'ada')).toEqual(YES);
    expect(peers.github.requests.all().map(({ path }) => path)).toEqual([
      `/user/${peers.github.people.get('ada').id}`,
      '/orgs/acme/memberships/ada-of-today',
    ]);
  });

  test('is nobody who left GitHub.com', async () => {
    peers.github.people.leave('ada');
    expect(await peers.owns(ACME, 'ada')).toEqual(NO);
  });

  test('is not known to the App of another organization', async () => {
    expect(await peers.owns(ACME, 'ada', DEMO_TOKENS.installation('globex'))).toEqual(UNKNOWN);
    expect(await peers.owns(ACME, 'ada', 'ghs_guessed')).toEqual(UNKNOWN);
  });
});

describe('an owner of an enterprise account', () => {
  test.each([
    ['ada', YES],
    ['ines', YES],
    ['bruno', NO],
    ['devi', NO],
  ])('%s: %j', async (key, answer) => {
    expect(await peers.owns(ENTERPRISE, key)).toEqual(answer);
  });

  test('is told by number from somebody whose login is alike', async () => {
    peers.github.people.rename('devi', 'ada-marsh-2');
    peers.github.accounts.setEnterpriseOwner('acme-inc', 'devi', true);
    peers.github.accounts.setEnterpriseOwner('acme-inc', 'ada', false);
    // Ada's login finds Devi in the list; only Devi is an owner.
    const credential = peers.github.people.issueToken('devi', { value: 'ghp_devi', scopes: ['read:enterprise'] });
    expect(await peers.owns(ENTERPRISE, 'ada', credential)).toEqual(NO);
    expect(await peers.owns(ENTERPRISE, 'devi', credential)).toEqual(YES);
  });

  test('is not known to whoever owns nothing, without the scope, or of an account that is not there', async () => {
    expect(await peers.owns(ENTERPRISE, 'ada', DEMO_TOKENS.github('devi'))).toEqual(UNKNOWN);
    expect(await peers.owns(ENTERPRISE, 'ada', DEMO_TOKENS.github('ada'))).toEqual(UNKNOWN);
    expect(await peers.owns({ ...ENTERPRISE, slug: 'nobody-inc' }, 'ada')).toEqual(UNKNOWN);
  });
});
