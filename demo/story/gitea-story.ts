import { join } from 'node:path';
import { StackProblem } from '../../src/stack/problem.ts';
import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { peopleAt } from '../people-tokens.ts';
import { ok } from './api.ts';
import type { Checks } from './checks.ts';
import { startGiteaServer, type GiteaServer } from './gitea-server.ts';
import { total, workerAt, type Worker } from './gitea-work.ts';
import { developer, siteAdmin, type Developer, type Receipts } from './people.ts';
import { setUp, type Story } from './setting.ts';
import { atAcme } from './syncing.ts';
import { searchEverything } from './search.ts';
import { until } from './until.ts';

/** The main job on counts that a real server made from real pushes. */
export async function tellStory(checks: Checks): Promise<void> {
  let story: Story | undefined;
  let gitea: GiteaServer | undefined;
  try {
    story = await setUp(checks);
    gitea = await startGiteaServer(join(story.dataDir, 'gitea'), (line) => checks.tell(line));
    const { devi, work, secrets } = await moveIn(story, gitea);
    await connectAndSync(story, devi, work);
    await optOutAndReconnect(story, devi, work);
    checks.chapter('What was kept of it');
    await searchEverything(story, secrets);
  } catch (error) {
    checks.brokeOff(error instanceof StackProblem ? error.message : error);
  } finally {
    await gitea?.stop();
    await story?.end();
  }
}

interface Moved {
  devi: Developer;
  work: Worker;
  /** What must be nowhere in the clear. */
  secrets: string[];
}

/** Two people at a Gitea that belongs to the organization acme; access approved and both sides on. */
async function moveIn(story: Story, gitea: GiteaServer): Promise<Moved> {
  const { checks, operator, stack } = story;
  checks.chapter('A real Gitea is registered, and sharing is enabled on both sides');
  const githubUserId = async (key: string) => (await peopleAt(stack.peers!))(key).githubUserId;
  const root = await gitea.addUser('ada', { admin: true });
  const user = await gitea.addUser('devi');
  const work = await workerAt(gitea, user, story.dataDir);
  const boss = await workerAt(gitea, root, story.dataDir);

  const accountId = await operator.registersAccount('organization', 'acme', DEMO_TOKENS.installation('acme'));
  await operator.recordsTerms(accountId, 'standard');
  const instance = {
    hostname: new URL(gitea.url).host,
    kind: 'gitea',
    baseUrl: gitea.url,
    accountId,
    credential: root.token,
  } as const;
  const instanceId = await operator.registersInstance(instance);
  await operator.recordsConnect(instanceId, true);
  const apiOf = async ({ identity }: Worker, key: string) =>
    story.apiOf({ role: 'person', person: { instanceId, source: identity, githubUserId: await githubUserId(key) } });
  const ada = siteAdmin(await apiOf(boss, 'ada'), instanceId);
  checks.equal('Ada, its administrator, is approved by the terms', ok(await ada.requestsAccess()).status, 'approved');
  ok(await ada.enables('instance'));
  checks.equal('both sides are on', ok(await ada.enables('account')).status, 'on');
  const devi = developer(await apiOf(work, 'devi'), instanceId, 'devi');
  await work.pushes(3);
  ok(await devi.connects(user.token));
  await devi.isNow('connected');
  return { devi, work, secrets: [user.token, user.password, root.token, root.password] };
}

async function connectAndSync({ checks, database, operator }: Story, devi: Developer, work: Worker): Promise<void> {
  checks.chapter('Devi pushes commits to a private repository, and connects');
  const days = await work.days();
  checks.that('her pushes are contributions at Gitea', total(days) >= 3, days);
  const preview = ok(await devi.previews());
  checks.equal('the look shows exactly what Gitea says', preview.days, days);
  checks.equal('and nothing was written by looking', await database.counts(devi.id), []);
  ok(await devi.sends());
  const first = await until(
    'the first counts',
    () => database.counts(devi.id),
    ({ length }) => length > 0,
  );
  checks.equal('she ticks, and the first counts equal Gitea’s', first, days);

  await work.pushes(4);
  const more = await work.days();
  checks.that('four pushes later Gitea counts more', total(more) === total(days) + 4, { days, more });
  const run = await operator.syncs();
  checks.equal('the sync reads it', atAcme(run), { outcome: 'finished', connections: 1, changed: 1, failed: 0 });
  checks.equal('and every day equals Gitea’s', await database.counts(devi.id), more);
}

async function optOutAndReconnect(
  { checks, anyone, database, operator }: Story,
  devi: Developer,
  work: Worker,
): Promise<void> {
  checks.chapter('Devi opts out, and reconnects');
  const kept = (await database.counts(devi.id)).length;
  const { receipts } = ok(await devi.optsOut());
  await devi.isNow('restorable');
  checks.equal('her counts are gone', await database.counts(devi.id), []);
  const receipt = ok(await anyone.get<Receipts>(receipts)).items.at(-1);
  checks.equal('the receipt says so', [receipt?.itemsDeleted, receipt?.itemsLeft], [kept, 0]);
  await work.pushes(2);
  await operator.syncs();
  checks.equal('she works on, and nothing is sent', await database.counts(devi.id), []);
  ok(await devi.reconnects());
  await devi.isNow('sending');
  checks.equal('she reconnects, and every day equals Gitea’s again', await database.counts(devi.id), await work.days());
}
