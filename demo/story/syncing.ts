import { addDays, utcDay } from '../../src/domain/dates.ts';
import type { Developers } from './connecting.ts';
import type { Run } from './people.ts';
import type { Story } from './setting.ts';

/** A count that nothing else is: where its digits stand, a count was written. */
export const TELLING_COUNT = 1_918_273_645;

export const daysAgo = (days: number) => addDays(utcDay(Date.now()), -days);

/** Each developer's counts against the source, for the window of a run; `elsewhere` are days outside of it. */
export async function equalSource(
  { checks, database, instance }: Story,
  run: Run,
  developers: readonly { key: string; id: string }[],
) {
  for (const { key, id } of developers) {
    checks.equal(
      `${key}: every day equals the source`,
      await database.counts(id),
      await instance.window(key, run.startedAt),
    );
  }
}

/** What a run did at the instance of the story. */
export function atAcme(run: Run) {
  const { outcome, connections, changed, failed } = run.instances.toSorted((a, b) => b.connections - a.connections)[0]!;
  return { outcome, connections, changed, failed };
}

/** I3 and I4: after a run the window equals the source, up and down, and a second run changes nothing. */
export async function syncing(story: Story, { devi, emil, farah, goran }: Developers): Promise<void> {
  const { checks, database, instance, operator } = story;
  checks.chapter('The sync sets each day to what the source says');
  const before = await database.counts(devi.id);
  const up = before[0]!;
  const down = before[1]!;
  const gone = before[2]!;
  await instance.sets('devi', up.date, up.count + 7);
  await instance.sets('devi', down.date, Math.max(1, down.count - 1));
  await instance.sets('devi', gone.date, 0);
  await instance.sets('emil', daysAgo(80), 33);
  checks.tell('At the instance, past days of Devi go up, down and to zero; one of Emil appears 80 days back.');

  const run = await operator.syncs();
  checks.equal('the run read all four and changed two', atAcme(run), {
    outcome: 'finished',
    connections: 4,
    changed: 2,
    failed: 0,
  });
  await equalSource(story, run, [devi, emil, farah, goran]);
  const after = new Map((await database.counts(devi.id)).map(({ date, count }) => [date, count]));
  checks.equal('the day that fell to zero is not there any more', after.has(gone.date), false);
  checks.equal('the day that rose has risen', after.get(up.date), up.count + 7);

  const again = await operator.syncs();
  checks.equal('a second run changes nothing', atAcme(again), {
    outcome: 'finished',
    connections: 4,
    changed: 0,
    failed: 0,
  });

  await instance.sets('goran', daysAgo(1), TELLING_COUNT);
  checks.equal('Goran updates now, between the runs', (await goran.updatesNow()).status, 200);
  await equalSource(story, again, [goran]);
  const soon = await goran.updatesNow();
  checks.equal('a second time at once is too soon', [soon.status, soon.code], [429, 'update_too_soon']);
}
