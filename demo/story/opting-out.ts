import { ledger } from '../../src/db/ledger.ts';
import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import type { Receipts } from './people.ts';
import type { Story } from './setting.ts';
import { daysAgo } from './syncing.ts';

const OLD_DAY = daysAgo(120);

/** S7, I2: an opt-out deletes, whatever is in flight. */
export async function optingOut(story: Story, { devi }: Developers): Promise<void> {
  const { checks, anyone, database, instance, operator } = story;
  checks.chapter('Devi opts out while her counts are being read');
  await sentForLonger(story, devi);
  const { json, svg } = await devi.makesProfilePublic();
  checks.that('her public profile shows counts', ok(await anyone.get<{ total: number }>(json)).total > 0);

  await instance.sets('devi', daysAgo(1), 77);
  const hold = await instance.hold({ who: 'devi', path: 'graphql' });
  const runEnds = await operator.triggersRun();
  await hold.waiting();
  checks.tell('A page of the sync has asked for her counts; the instance’s answer is held back.');
  const kept = await database.counts(devi.id);
  checks.that(`${kept.length} days are kept, one of them older than the window`, kept[0]?.date === OLD_DAY, kept[0]);
  const accepted = await devi.optsOut();
  checks.equal('the opt-out is accepted at once', accepted.status, 202);
  checks.that(
    'its answer shows it already',
    ['removing', 'restorable'].includes(accepted.body.status),
    accepted.body.status,
  );
  const gone = await devi.isNow('restorable');
  checks.equal('her counts are deleted while the page is still in flight', await database.counts(devi.id), []);
  checks.equal('the cause is her own act', gone.causes, ['opted_out']);
  await hold.release();
  const run = await runEnds();
  checks.that('the answer arrives and the run ends', run.finishedAt !== null);
  checks.equal('none of it was written', await database.counts(devi.id), []);
  await operator.syncs();
  checks.equal('nor by the next run', await database.counts(devi.id), []);

  const receipts = ok(await anyone.get<Receipts>(gone.receipts));
  checks.equal(
    `the receipt says: ${kept.length} days deleted, none left`,
    receipts.items.map(({ cause, itemsDeleted, itemsLeft }) => ({ cause, itemsDeleted, itemsLeft })),
    [{ cause: 'opted_out', itemsDeleted: kept.length, itemsLeft: 0 }],
  );
  const shown = ok(await anyone.get<{ total: number; sources: unknown[] }>(json));
  checks.equal('her public profile shows nothing of the instance', [shown.total, shown.sources], [0, []]);
  checks.equal('the picture is still there, empty', (await anyone.get(svg)).status, 200);
}

/** A day that is older than any window is put where months of sending would have put it: a demo cannot wait for those. */
async function sentForLonger({ checks, instance, pool }: Story, devi: Developers['devi']): Promise<void> {
  checks.tell('As if she had been sending for months, a day of 120 days ago is kept as well; her instance has it too.');
  await instance.sets('devi', OLD_DAY, 5);
  const { rows } = await pool.query<{ generation: number }>('select generation from connection where id = $1', [
    devi.id,
  ]);
  const envelope = { connectionId: devi.id, generation: rows[0]!.generation, readNumber: 0 };
  await ledger.put(pool, [{ ...envelope, source: 'GitHub Enterprise Server', days: [{ date: OLD_DAY, count: 5 }] }]);
}
