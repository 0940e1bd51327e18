import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import type { Story } from './setting.ts';
import { atAcme, daysAgo, equalSource } from './syncing.ts';

/** An observed cause has a grace: one proxy's 401 must never erase years. */
export async function failingOnce(story: Story, { devi, emil, goran }: Developers): Promise<void> {
  const { checks, database, instance, operator } = story;
  checks.chapter('A token that fails once erases nothing');
  const before = await database.counts(emil.id);
  await instance.fault({ kind: 'unauthorized' }, { who: 'emil', path: 'graphql', times: 1 });
  await instance.sets('devi', daysAgo(2), 12);
  const run = await operator.syncs();
  const { failed, outcome } = atAcme(run);
  checks.equal(
    'the instance answers 401 to Emil’s token: his read fails, the run does not',
    { failed, outcome },
    { failed: 1, outcome: 'finished' },
  );
  await equalSource(story, run, [devi, goran]);
  checks.equal('every count of Emil is kept', await database.counts(emil.id), before);
  const told = ok(await emil.connection());
  checks.equal('he is still sending', told.status, 'sending');
  checks.equal('he reads what happened', told.failure?.code, 'token_revoked');
  checks.that(
    'in words, with a remedy',
    (told.failure?.words ?? '') !== '' && (told.failure?.remedy ?? '') !== '',
    told.failure,
  );
  checks.that(
    'and that counts are deleted only if it lasts',
    (told.observed?.deletesAfter ?? '') > new Date().toISOString(),
    told.observed,
  );

  await instance.sets('emil', daysAgo(3), 21);
  const next = await operator.syncs();
  checks.equal('the next run reads everyone again, by itself', atAcme(next).failed, 0);
  await equalSource(story, next, [devi, emil, goran]);
  const well = ok(await emil.connection());
  checks.equal('nothing is left of the failure', [well.failure, well.observed], [null, null]);
}
