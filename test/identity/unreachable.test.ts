import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_INSTANCE_HOST_NAME } from '../../demo/peers/github-peer.ts';
import { judge, type EligibilityFacts } from '../../src/domain/eligibility.ts';
import type { Answer } from '../../src/ports/authority.ts';
import { ACME, ENTERPRISE, OWNER, UNKNOWN, startTwoPeers, type TwoPeers } from './two-peers.ts';

let peers: TwoPeers;
beforeEach(async () => {
  peers = await startTwoPeers();
});
afterEach(() => peers.close());

describe('a source of truth that cannot be reached', () => {
  const value = ({ known, ...rest }: Answer<boolean>) => (known ? (rest as { value: boolean }).value : undefined);
  const eligibility = async () => {
    const [siteAdmin, accountOwner, connected] = await Promise.all([
      peers.isSiteAdmin('ada'),
      peers.owns(ENTERPRISE, 'ada'),
      peers.authority.isConnected(ENTERPRISE, OWNER, DEMO_INSTANCE_HOST_NAME),
    ]);
    const facts: EligibilityFacts = {
      siteAdmin: value(siteAdmin),
      accountOwner: value(accountOwner),
      connected: value(connected),
      sharing: 'unavailable',
      terms: 'standard',
      accountKind: 'enterprise',
    };
    return judge(facts);
  };

  test('leaves a request undecided, neither granted nor refused', async () => {
    expect(await eligibility()).toMatchObject({ reachable: true, failed: [] });
    await peers.instance.goDown();
    expect(await eligibility()).toEqual({ reachable: false });
    await peers.instance.comeUp();
    await peers.github.goDown();
    expect(await eligibility()).toEqual({ reachable: false });
    await peers.github.comeUp();
    expect(await eligibility()).toMatchObject({ reachable: true, failed: [] });
  });

  test.each(['bad-gateway', 'maintenance', 'not-json', 'cut-json', 'reset', 'rate-limited', 'unauthorized'] as const)(
    'is one that answers so as well: %s',
    async (kind) => {
      for (const peer of [peers.github, peers.instance]) peer.faults.add({ kind });
      const [admin, owner, enterpriseOwner, connected, user] = await Promise.all([
        peers.isSiteAdmin('ada'),
        peers.owns(ACME, 'ada'),
        peers.owns(ENTERPRISE, 'ada'),
        peers.authority.isConnected(ENTERPRISE, OWNER, DEMO_INSTANCE_HOST_NAME),
        peers.authority.githubUser(1),
      ]);
      expect([admin, owner, enterpriseOwner, connected, user]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]);
    },
  );

  test('in GraphQL is one that says so with status 200', async () => {
    peers.github.faults.add({ kind: 'graphql-rate-limited' }, { path: 'graphql' });
    expect(await peers.owns(ENTERPRISE, 'ada')).toEqual(UNKNOWN);
    expect(await peers.authority.isConnected(ENTERPRISE, OWNER, DEMO_INSTANCE_HOST_NAME)).toEqual(UNKNOWN);
  });
});

test('a source of truth that hangs is waited for no longer than is set', async () => {
  const hasty = await startTwoPeers({ headersTimeoutMs: 60 });
  hasty.instance.faults.add({ kind: 'hang' });
  hasty.github.faults.add({ kind: 'hang' });
  expect(await Promise.all([hasty.isSiteAdmin('ada'), hasty.owns(ACME, 'ada')])).toEqual([UNKNOWN, UNKNOWN]);
  await hasty.close();
});
