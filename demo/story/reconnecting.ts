import { windowAt } from '../../src/domain/window.ts';
import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import type { Story } from './setting.ts';

/** S8: the past 90 days are read again; what is older is gone for good. */
export async function reconnecting({ checks, database, instance }: Story, { devi }: Developers): Promise<void> {
  checks.chapter('Devi reconnects: the past 90 days come back, and no day more');
  const now = new Date();
  const { from, to } = windowAt(now.toISOString());
  ok(await devi.reconnects());
  const back = await devi.isNow('sending');
  checks.equal('no cause stands against sending any more', back.causes, []);
  const want = await instance.window('devi', now);
  checks.equal(
    `her counts equal the source from ${from} to ${to}: ${want.length} days`,
    await database.counts(devi.id),
    want,
  );
  const older = (await database.counts(devi.id)).filter(({ date }) => date < from);
  checks.equal('the day of 120 days ago is gone for good, though the instance still has it', older, []);
}
