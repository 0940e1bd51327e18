import { ok } from './api.ts';
import { untilExpired } from './gitea-expiring.ts';
import type { GiteaStory } from './gitea-story.ts';
import { atAcme } from './syncing.ts';
import type { Receipts } from './people.ts';

/** S7 and S8: an opt-out deletes; a reconnect reads the source again, with the token that was kept. */
export async function leaving(story: GiteaStory): Promise<void> {
  const { anyone, checks, database, devi, instanceId, operator, work } = story;
  checks.chapter('Devi opts out');
  const { json } = await devi.makesProfilePublic();
  const shown = async () => {
    const { total, sources } = ok(await anyone.get<{ total: number; sources: { label: string }[] }>(json));
    return { total, labels: sources.map(({ label }) => label) };
  };
  const days = await work.days();
  const count = days.reduce((sum, day) => sum + day.count, 0);
  checks.equal(`her public profile shows ${count} contributions of "Gitea"`, await shown(), {
    total: count,
    labels: ['Gitea'],
  });
  const { receipts } = ok(await devi.optsOut());
  await devi.isNow('restorable');
  checks.equal('not one row of hers is left', await database.counts(devi.id), []);
  checks.equal('nor any of that Gitea', await database.countsOfInstance(instanceId), 0);
  const receipt = ok(await anyone.get<Receipts>(receipts)).items.at(-1);
  checks.equal(
    `the receipt says: ${days.length} deleted, none left`,
    [receipt?.cause, receipt?.itemsDeleted, receipt?.itemsLeft],
    ['opted_out', days.length, 0],
  );
  checks.equal('her public profile shows nothing', await shown(), { total: 0, labels: [] });
  await work.pushes(2);
  checks.equal('she works on; the sync asks nothing about her', atAcme(await operator.syncs()), {
    outcome: 'finished',
    connections: 0,
    changed: 0,
    failed: 0,
  });
  checks.equal('and writes nothing', await database.counts(devi.id), []);

  checks.chapter('She reconnects');
  await untilExpired(story);
  ok(await devi.reconnects());
  await devi.isNow('sending');
  const back = await work.days();
  checks.equal('without a new sign-in, every day equals Gitea’s again', await database.counts(devi.id), back);
  checks.equal('with what she did meanwhile', (await shown()).total, count + 2);
}
