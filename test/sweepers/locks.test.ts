import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLocks, type SweepLocks } from '../../src/sweepers/locks.ts';
import { createDbWorld, type DbWorld } from '../db/db-world.ts';
import { eventually } from '../support/eventually.ts';

let world: DbWorld;
let locks: SweepLocks[];
beforeEach(async () => {
  world = await createDbWorld();
  locks = [];
});
afterEach(async () => {
  for (const one of locks) await one.close();
  await world.close();
});

/** The locks of another worker, in a pool that has one connection for them and none to spare. */
function worker(name: string): SweepLocks {
  const made = createLocks(world.as(name));
  locks.push(made);
  return made;
}

const NOTHING = async () => undefined;

test('what one worker does no other does meanwhile, and each may do something else', async () => {
  const [one, other] = [worker('one'), worker('other')];
  const done: string[] = [];
  await one.alone(1, async () => {
    await other.alone(1, async () => void done.push('the same'));
    await other.alone(2, async () => void done.push('another'));
    await one.alone(3, async () => void done.push('beside it'));
  });
  await other.alone(1, async () => void done.push('afterwards'));
  expect(done).toEqual(['another', 'beside it', 'afterwards']);
});

test('what fails lets go of its lock', async () => {
  const [one, other] = [worker('one'), worker('other')];
  await expect(one.alone(1, () => Promise.reject(new Error('odd')))).rejects.toThrow('odd');
  let isDone = false;
  await other.alone(1, async () => void (isDone = true));
  expect(isDone).toBe(true);
});

test('a session that was cut has let go of everything, and another is opened for the next sweep', async () => {
  const [one, other] = [worker('one'), worker('other')];
  await one.alone(1, async () => {
    await world.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'one'`);
    let isFree = false;
    await eventually(async () => {
      await other.alone(1, async () => void (isFree = true));
      return isFree;
    }, 'the lock is free');
  });
  await eventually(
    () =>
      one.alone(1, NOTHING).then(
        () => true,
        () => false,
      ),
    'another session',
  );
  const { rowCount } = await world.pool.query(`select 1 from pg_stat_activity where application_name = 'one'`);
  expect(rowCount).toBeGreaterThan(0);
});
