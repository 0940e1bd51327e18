import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEMO_TOKENS } from '../../demo/peers/demo-people.ts';
import { DEMO_INSTANCE_HOST_NAME } from '../../demo/peers/github-peer.ts';
import { ACME, ENTERPRISE, NO, OWNER, UNKNOWN, YES, startTwoPeers, type TwoPeers } from './two-peers.ts';

let peers: TwoPeers;
beforeEach(async () => {
  peers = await startTwoPeers();
});
afterEach(() => peers.close());

describe('GitHub Connect', () => {
  const isConnected = (hostname = DEMO_INSTANCE_HOST_NAME) => peers.authority.isConnected(ENTERPRISE, OWNER, hostname);
  const installed = (hostName: string, connected: boolean) =>
    peers.github.accounts.setInstallation('acme-inc', {
      hostName,
      customerName: 'Acme',
      isConnected: connected,
      createdAt: '2020-01-01T00:00:00Z',
    });

  test('is seen by the host name of the instance, in whatever letters', async () => {
    expect(await isConnected()).toEqual(YES);
    expect(await isConnected('GHES.Acme.Example')).toEqual(YES);
    expect(await isConnected('ghes.acme.example.evil')).toEqual(NO);
    expect(await isConnected('acme.example')).toEqual(NO);
  });

  test('is lost where its entry says so, and where there is none', async () => {
    peers.github.accounts.setConnected('acme-inc', DEMO_INSTANCE_HOST_NAME, false);
    expect(await isConnected()).toEqual(NO);
    installed('another.example', true);
    expect(await isConnected()).toEqual(NO);
  });

  test('is seen on whichever page it stands', async () => {
    peers.github.accounts.setConnected('acme-inc', DEMO_INSTANCE_HOST_NAME, false);
    for (let number = 0; number < 120; number += 1) installed(`host-${number}.example`, true);
    peers.github.requests.clear();
    expect(await isConnected('host-119.example')).toEqual(YES);
    expect(peers.github.requests.all()).toHaveLength(2);
    expect(await isConnected('host-120.example')).toEqual(NO);
  });

  test('is not known to whoever does not own the account', async () => {
    const answer = await peers.authority.isConnected(ENTERPRISE, DEMO_TOKENS.github('devi'), DEMO_INSTANCE_HOST_NAME);
    expect(answer).toEqual(UNKNOWN);
  });

  test('of an organization is in no API: its operator records it, and nothing is asked', async () => {
    expect(await peers.authority.isConnected(ACME, DEMO_TOKENS.installation('acme'), DEMO_INSTANCE_HOST_NAME)).toEqual(
      UNKNOWN,
    );
    expect(peers.github.requests.all()).toEqual([]);
  });
});

describe('a user of GitHub.com', () => {
  test('is found by number, with login and creation time', async () => {
    const { id, login, createdAt } = peers.github.people.get('devi');
    expect(await peers.authority.githubUser(id)).toEqual({ known: true, value: { login, createdAt } });
  });

  test('who is not there is known not to be', async () => {
    expect(await peers.authority.githubUser(424_242)).toEqual({ known: true, value: null });
  });
});
