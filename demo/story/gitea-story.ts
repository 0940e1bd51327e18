import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../src/stack/cache.ts';
import { findGiteaBinary, type GiteaBinary } from '../../src/stack/gitea-binary.ts';
import { StackProblem } from '../../src/stack/problem.ts';
import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { peopleAt } from '../people-tokens.ts';
import { ok } from './api.ts';
import type { Checks } from './checks.ts';
import { connecting } from './gitea-connecting.ts';
import { expiring, TOKEN_SECONDS } from './gitea-expiring.ts';
import { leaving } from './gitea-leaving.ts';
import { startGitea, type GiteaServer } from './gitea-server.ts';
import { registerApplication, type OAuthApplication } from './gitea-sign-in.ts';
import { accessTokenOf, addUser, type GiteaUser } from './gitea-user.ts';
import { workOf, type Work } from './gitea-work.ts';
import { nothingWentWrong } from './nothing-went-wrong.ts';
import { developer, siteAdmin, type Developer } from './people.ts';
import { setUp, type Story } from './setting.ts';
import { whatCrossed } from './gitea-wire.ts';

const REDIRECT_URI = 'http://127.0.0.1/signed-in';

/** All that a chapter about a Gitea works with. */
export interface GiteaStory extends Story {
  gitea: GiteaServer;
  application: OAuthApplication;
  instanceId: string;
  /** The developer: as the product knows her, at Gitea, and what she does there. */
  devi: Developer;
  deviThere: GiteaUser;
  work: Work;
  /** What must be nowhere in the clear; grows as the story goes on. */
  secrets: string[];
}

/** The main job on counts that a real server made from real pushes. */
export async function tellStory(checks: Checks): Promise<void> {
  let story: Story | undefined;
  let gitea: GiteaServer | undefined;
  try {
    const binary = await built(checks);
    story = await setUp(checks);
    gitea = await startGitea(binary, join(story.dataDir, 'gitea'), {
      tokenSeconds: TOKEN_SECONDS,
      adminLogin: 'ada-at-gitea',
    });
    const all = await registerGitea(story, gitea);
    await expiring(all, await connecting(all));
    await nothingWentWrong(all);
    await leaving(all);
    await whatCrossed(all);
  } catch (error) {
    checks.brokeOff(error instanceof StackProblem ? error.message : error);
  } finally {
    await gitea?.stop();
    await story?.end();
  }
}

/** Before anything else is started. Ctrl-C ends a build by an exit, which takes its compilers along. */
async function built(checks: Checks): Promise<GiteaBinary> {
  if (spawnSync('git', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new StackProblem('Gitea and whoever pushes to it need git: install it (https://git-scm.com/downloads).');
  }
  const quit = () => process.exit(130);
  process.on('SIGINT', quit).on('SIGTERM', quit);
  try {
    return await findGiteaBinary({ cacheDir: cacheFolder(), log: (line) => checks.tell(line) });
  } finally {
    process.off('SIGINT', quit).off('SIGTERM', quit);
  }
}

/** Two people at a Gitea that belongs to the organization acme; access approved and both sides on. */
async function registerGitea(story: Story, gitea: GiteaServer): Promise<GiteaStory> {
  const { checks, operator, stack } = story;
  checks.chapter('A real Gitea is registered, and sharing is enabled on both sides');
  const identityOf = await peopleAt(stack.peers!);
  const deviThere = await addUser(gitea.admin, 'devi-at-gitea');
  const credential = await accessTokenOf(gitea.admin);
  const application = await registerApplication(gitea.admin, REDIRECT_URI);

  const accountId = await operator.registersAccount('organization', 'acme', DEMO_TOKENS.installation('acme'));
  await operator.recordsTerms(accountId, 'standard');
  const { clientId, clientSecret } = application;
  const instanceId = await operator.registersInstance({
    hostname: new URL(gitea.url).host,
    kind: 'gitea',
    baseUrl: gitea.url,
    accountId,
    credential,
    oauth: { clientId, clientSecret },
  });
  await operator.recordsConnect(instanceId, true);
  const apiOf = ({ identity }: GiteaUser, key: string) =>
    story.apiOf({
      role: 'person',
      person: { instanceId, source: identity, githubUserId: identityOf(key).githubUserId },
    });
  const hers = await apiOf(deviThere, 'devi');
  const { failedChecks } = ok(await siteAdmin(hers, instanceId).requestsAccess());
  checks.that(
    'Devi may not request access: Gitea says that she does not administer it',
    failedChecks.some(({ code }) => code === 'not_site_admin'),
    failedChecks,
  );
  const ada = siteAdmin(await apiOf(gitea.admin, 'ada'), instanceId);
  checks.equal('Ada, its administrator, is approved by the terms', ok(await ada.requestsAccess()).status, 'approved');
  ok(await ada.enables('instance'));
  checks.equal('she enables both sides: sharing is on', ok(await ada.enables('account')).status, 'on');

  const devi = developer(hers, instanceId, 'devi');
  const folder = join(story.dataDir, 'work');
  mkdirSync(folder);
  const secrets = [
    credential,
    clientSecret,
    gitea.admin.password,
    deviThere.password,
    gitea.admin.login,
    deviThere.login,
  ];
  return { ...story, gitea, application, instanceId, devi, deviThere, work: workOf(deviThere, folder), secrets };
}
