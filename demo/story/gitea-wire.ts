import type { GiteaStory } from './gitea-story.ts';
import { searchEverything } from './search.ts';

/** How each token of Gitea's OAuth begins, of those too that only the product has seen: a JWT that names its algorithm first. */
const ANY_TOKEN = Buffer.from('{"alg":"').toString('base64url').slice(0, 10);

/** S6, I1, I7: what the product asked of a real forge, and what is left of it. */
export async function whatCrossed(story: GiteaStory): Promise<void> {
  const { checks, deviThere, gitea, secrets } = story;
  checks.chapter('What crossed the wire, and what was kept');
  const asked = gitea.asked();
  const kinds = new Set(
    asked.map((request) => request.replace(/uid=\d+/, 'uid=:id').replace(deviThere.login, ':login')),
  );
  checks.equal(
    `${asked.length} times the product asked Gitea for something, and never about a repository`,
    [...kinds].toSorted(),
    [
      'GET /api/v1/user',
      'GET /api/v1/users/:login/heatmap',
      'GET /api/v1/users/search?uid=:id&limit=1',
      'POST /login/oauth/access_token',
    ],
  );
  await searchEverything(story, [...secrets, ANY_TOKEN]);
}
