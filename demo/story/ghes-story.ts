import type { Checks } from './checks.ts';
import { connecting } from './connecting.ts';
import { customTerms } from './custom-terms.ts';
import { enabling } from './enabling.ts';
import { optingOut } from './opting-out.ts';
import { reconnecting } from './reconnecting.ts';
import { refusedRequests } from './refused-requests.ts';
import { registerAcme } from './registering.ts';
import { failingOnce } from './failing-once.ts';
import { killedWorker } from './killed-worker.ts';
import { forgetting, lapsing } from './lapsing.ts';
import { restarted } from './restarted.ts';
import { theWire } from './the-wire.ts';
import { turningOff } from './turning-off.ts';
import { setUp, type Story } from './setting.ts';
import { StackProblem } from '../../src/stack/problem.ts';
import { standardTerms } from './standard-terms.ts';
import { syncing } from './syncing.ts';
import { nothingWentWrong } from './nothing-went-wrong.ts';

/** The whole story about a GitHub Enterprise Server, each chapter on what the one before left. */
export async function tellStory(checks: Checks): Promise<void> {
  let story: Story | undefined;
  try {
    story = await setUp(checks);
    const acme = await registerAcme(story);
    await refusedRequests(story, acme);
    await standardTerms(story, acme);
    await customTerms(story);
    await enabling(story, acme);
    const developers = await connecting(story, acme);
    await syncing(story, developers);
    await nothingWentWrong(story);
    await optingOut(story, developers);
    await reconnecting(story, developers);
    await turningOff(story, acme, developers);
    await failingOnce(story, developers);
    await killedWorker(story, developers);
    const later = await restarted(story, acme, developers);
    story = later.story;
    await lapsing(story, later.developers);
    await forgetting(story, later.developers);
    await theWire(story, later.developers);
  } catch (error) {
    checks.brokeOff(error instanceof StackProblem ? error.message : error);
  } finally {
    await story?.end();
  }
}
