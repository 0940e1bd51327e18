import { DEMO_INSTANCE_HOST_NAME } from '../peers/github-peer.ts';
import { DEMO_OAUTH_APPLICATION, DEMO_TOKENS } from '../peers/demo-people.ts';
import type { Operator } from './people.ts';
import type { Place, Story } from './setting.ts';

/** The enterprise acme-inc with standard terms, and its instance. @returns the instance's id */
export async function registerEnterprise(operator: Operator, baseUrl: string): Promise<string> {
  const accountId = await operator.registersAccount('enterprise', 'acme-inc', DEMO_TOKENS.enterpriseOwner);
  await operator.recordsTerms(accountId, 'standard');
  return operator.registersInstance({
    hostname: DEMO_INSTANCE_HOST_NAME,
    kind: 'ghes',
    baseUrl,
    accountId,
    credential: DEMO_TOKENS.instanceReader,
    oauth: DEMO_OAUTH_APPLICATION,
  });
}

export async function registerAcme(story: Story): Promise<Place> {
  const { checks, operator, stack } = story;
  checks.chapter('An operator registers the account acme-inc (standard terms) and its instance');
  const instanceId = await registerEnterprise(operator, stack.peers!.instance);
  checks.that('the instance is registered, reached over plain HTTP on the loopback address alone', instanceId !== '');
  return story.place(instanceId);
}
