import { exchange, type OAuthTokens } from './gitea-sign-in.ts';
import type { GiteaStory } from './gitea-story.ts';
import { total } from './gitea-work.ts';
import { atAcme } from './syncing.ts';
import { until } from './until.ts';

/** Gitea's tokens live an hour, so every hourly sync meets one that has ended. These are short enough to wait for. */
export const TOKEN_SECONDS = 8;

export async function expiring(story: GiteaStory, given: OAuthTokens): Promise<void> {
  const { application, checks, database, devi, gitea, operator, work } = story;
  checks.chapter('Her token expires, and the sync goes on with a fresh one');
  const had = total(await work.days());
  await work.pushes(4);
  const days = await work.days();
  checks.equal('four pushes later Gitea counts four more', total(days), had + 4);
  const before = await untilExpired(story);
  checks.equal('Gitea refuses the token that she connected with', await statusWith(story, given.token), 401);
  checks.equal('the sync reads all the same', atAcme(await operator.syncs()), read({ changed: 1 }));
  checks.equal('and every day equals Gitea’s', await database.counts(devi.id), days);
  const refreshed = await storedToken(story);
  checks.equal('it refreshed the token once for that', refreshed.version, before.version + 1);
  checks.that('and knows when the new one ends', refreshed.expiresAt > before.expiresAt, { before, refreshed });
  const spent = await exchange(gitea.url, application, {
    grant_type: 'refresh_token',
    refresh_token: given.refreshToken,
  });
  checks.equal('at Gitea her first refresh token is spent', spent.body.error, 'unauthorized_client');

  await untilExpired(story);
  checks.equal('the next run refreshes anew; no day has changed', atAcme(await operator.syncs()), read({ changed: 0 }));
  checks.equal('once for that, too', (await storedToken(story)).version, refreshed.version + 1);
}

const read = ({ changed }: { changed: number }) => ({ outcome: 'finished', connections: 1, changed, failed: 0 });

interface Stored {
  version: number;
  expiresAt: Date;
}

async function storedToken({ devi, pool }: GiteaStory): Promise<Stored> {
  const sql = 'select version, expires_at as "expiresAt" from connection_token where connection_id = $1';
  return (await pool.query<Stored>(sql, [devi.id])).rows[0]!;
}

/** @returns the stored token, which has just ended */
export async function untilExpired(story: GiteaStory): Promise<Stored> {
  story.checks.tell(`A token of this Gitea lives ${TOKEN_SECONDS} seconds; the story waits for its end.`);
  return until(
    'the stored token to end',
    () => storedToken(story),
    ({ expiresAt }) => expiresAt.getTime() < Date.now(),
  );
}

async function statusWith({ gitea }: GiteaStory, token: string): Promise<number> {
  const response = await fetch(`${gitea.url}/api/v1/user`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
}
