import { DEMO_INSTANCE_HOST_NAME } from '../peers/github-peer.ts';
import { ok } from './api.ts';
import type { Place, Story } from './setting.ts';

const refused = (...codes: string[]) => ({ status: 'ineligible', codes, remedies: true });

/** S1 and S2: only a site administrator who owns the connected account may ask, and every reason is told at once. */
export async function refusedRequests({ checks, github }: Story, acme: Place): Promise<void> {
  checks.chapter('Whoever may not request access is told every reason');
  const reasons = async (key: string) => {
    const { status, failedChecks } = ok(await (await acme.admin(key)).requestsAccess());
    return {
      status,
      codes: failedChecks.map(({ code }) => code),
      remedies: failedChecks.every(({ remedy }) => remedy !== ''),
    };
  };

  checks.equal(
    'Bruno is a site administrator but no owner: he is told so',
    await reasons('bruno'),
    refused('not_account_owner'),
  );
  checks.equal(
    'Chloe is an owner but no site administrator: she is told so',
    await reasons('chloe'),
    refused('not_site_admin'),
  );
  checks.equal('Devi is neither: both reasons', await reasons('devi'), refused('not_site_admin', 'not_account_owner'));

  const installation = { enterprise: 'acme-inc', hostName: DEMO_INSTANCE_HOST_NAME, customerName: 'Acme Inc' };
  const connected = (isConnected: boolean) =>
    github.tell('installations', { ...installation, isConnected, createdAt: '2018-06-01T09:00:00Z' });
  checks.tell('GitHub Connect is switched off for a moment.');
  await connected(false);
  checks.equal(
    'Ada may ask, but the instance is not connected: that alone',
    await reasons('ada'),
    refused('not_connected'),
  );
  checks.equal(
    'Devi is told all three reasons, each with what to do about it',
    await reasons('devi'),
    refused('not_site_admin', 'not_account_owner', 'not_connected'),
  );
  await connected(true);
}
