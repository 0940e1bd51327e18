import { ok } from './api.ts';
import { signIn, type OAuthTokens } from './gitea-sign-in.ts';
import type { GiteaStory } from './gitea-story.ts';
import { total } from './gitea-work.ts';
import { until } from './until.ts';

/** Real pushes to private repositories are counted, and read with the tokens of a real sign-in. @returns those */
export async function connecting(story: GiteaStory): Promise<OAuthTokens> {
  const { checks, database, devi, deviThere, application, work, secrets } = story;
  checks.chapter('Devi pushes commits to two private repositories');
  await work.pushes(5);
  const days = await work.days();
  checks.equal('Gitea counts 5 pushes, 2 new repositories and their 2 branches', total(days), 9);
  checks.equal('and shows none of it to a stranger', await work.daysForStrangers(), []);

  checks.chapter('She signs in at Gitea, agrees, and connects');
  const tokens = await signIn(deviThere, application);
  secrets.push(tokens.token, tokens.refreshToken);
  const { token, ...expiring } = tokens;
  ok(await devi.connects(token, expiring));
  await devi.isNow('connected');
  const preview = ok(await devi.previews());
  checks.equal('the look shows exactly what Gitea counts, private work included', preview.days, days);
  checks.equal('under the source’s label', preview.source, 'Gitea');
  checks.equal('and nothing was written by looking', await database.counts(devi.id), []);
  ok(await devi.sends(preview.consent.version));
  const first = await until(
    'the first counts',
    () => database.counts(devi.id),
    ({ length }) => length > 0,
  );
  checks.equal('she ticks, and the first counts equal Gitea’s, day by day', first, days);
  return tokens;
}
