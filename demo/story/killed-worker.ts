import type { Developers } from './connecting.ts';
import { allHistories, troublesOf } from './histories.ts';
import type { Story } from './setting.ts';
import { atAcme, daysAgo, equalSource } from './syncing.ts';

/** I8: what was begun is ended, through any crash. */
export async function killedWorker(story: Story, { devi, emil, goran }: Developers): Promise<void> {
  const { checks, instance, operator, stack, temporal } = story;
  checks.chapter('The worker is killed with -9 in the middle of a sync');
  for (const { key } of [devi, emil, goran]) await instance.sets(key, daysAgo(5), 50 + key.length);
  const before = (await allHistories(temporal)).flatMap(troublesOf).length;
  const hold = await instance.hold({ who: 'emil', path: 'graphql' }, 'arrival');
  const runEnds = await operator.triggersRun();
  await hold.waiting();
  const pid = stack.worker!.pid;
  await stack.worker!.kill('SIGKILL');
  checks.tell(`While Emil’s counts are being read, the worker (pid ${pid}) is killed and another one started.`);
  await stack.worker!.restart();
  await hold.release();
  checks.that('it is another process', stack.worker!.pid !== pid);
  checks.tell('Temporal notices within 20 s that nobody works on the page any more, and hands it to the new one.');
  const run = await runEnds();
  checks.equal('the same run goes on and ends', atAcme(run), {
    outcome: 'finished',
    connections: 3,
    changed: 3,
    failed: 0,
  });
  await equalSource(story, run, [devi, emil, goran]);
  const troubles = (await allHistories(temporal)).flatMap(troublesOf);
  checks.that(
    'the history shows that an activity was tried again',
    troubles.length > before && troubles.some((one) => one.startsWith('sync/') && one.includes('tried')),
    troubles,
  );
  const next = await operator.syncs();
  checks.equal('a run after it has nothing to repair', atAcme(next), {
    outcome: 'finished',
    connections: 3,
    changed: 0,
    failed: 0,
  });
}
