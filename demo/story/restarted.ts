import type { Developers } from './connecting.ts';
import type { Place, Story } from './setting.ts';
import { ok } from './api.ts';

/** Everything is stopped and started again; from here on the window to come back is short. */
export async function restarted(
  before: Story,
  earlier: Place,
  known: Developers,
): Promise<{ story: Story; acme: Place; developers: Developers }> {
  const { checks } = before;
  checks.chapter('The whole system is stopped and started again on its data');
  const counts = await before.database.countsOfInstance(earlier.instanceId);
  const story = await before.restart({ RESTORE_WINDOW: '3s' });
  checks.tell('It is started with a window of 3 seconds instead of 90 days, so that its end can be seen.');
  const acme = story.place(earlier.instanceId);
  const again = async (key: keyof Developers) => {
    const one = await acme.developer(key);
    await one.finds();
    return one;
  };
  const [devi, emil, farah, goran] = await Promise.all([again('devi'), again('emil'), again('farah'), again('goran')]);
  const developers = { devi, emil, farah, goran };
  checks.equal('every count is still there', await story.database.countsOfInstance(acme.instanceId), counts);
  checks.equal(
    'everybody finds their own connection',
    Object.values(developers).map(({ id }) => id),
    Object.values(known).map(({ id }) => id),
  );
  checks.equal('in the state in which it was', ok(await devi.connection()).status, 'sending');
  return { story, acme, developers };
}
