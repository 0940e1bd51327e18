import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import type { Receipts, Sharing } from './people.ts';
import type { Place, Story } from './setting.ts';
import { equalSource } from './syncing.ts';
import { until } from './until.ts';

/** S7, I5: disabling closes the gate at once, and on again starts nothing by itself. */
export async function turningOff(story: Story, acme: Place, { devi, emil, farah, goran }: Developers): Promise<void> {
  const { checks, anyone, database, instance, operator, stack } = story;
  checks.chapter('An admin disables sharing, and enables it again');
  const [ada, hana] = await Promise.all([acme.admin('ada'), acme.developer('hana')]);
  const { json } = await devi.makesProfilePublic();
  const shownTotal = async () => ok(await anyone.get<{ total: number }>(json)).total;
  ok(await farah.optsOut());
  await farah.isNow('restorable');
  checks.tell('Farah opts out first. Then the worker is stopped, so that the gate’s own instant can be looked at.');
  await stack.worker!.kill('SIGTERM');
  checks.that('Devi’s public profile shows counts', (await shownTotal()) > 0);

  const kept = await database.countsOfInstance(acme.instanceId);
  const disabled = await ada.disables('instance');
  checks.equal(
    'Ada disables the instance’s side: accepted, turning off',
    [disabled.status, disabled.body.status],
    [202, 'turning_off'],
  );
  checks.equal('nothing is said to be done before it is', progress(disabled.body), {
    itemsDeleted: 0,
    verified: false,
  });
  checks.equal('from that instant the public profile shows nothing', await shownTotal(), 0);
  checks.equal(`while ${kept} days wait to be deleted`, await database.countsOfInstance(acme.instanceId), kept);
  const pending = ok(await devi.connection());
  checks.equal(
    'Devi reads why',
    [pending.status, pending.causes, pending.deletionPending],
    ['removing', ['switched_off'], true],
  );
  checks.equal('enabling now is refused', conflict(await ada.enables('instance')), [409, 'turning_off']);
  checks.equal('so is connecting', conflict(await hana.connects(DEMO_TOKENS.instance('hana'))), [409, 'turning_off']);
  checks.equal('and looking first', conflict(await devi.previews()), [409, 'turning_off']);
  const own = (await database.counts(goran.id)).length;
  checks.equal('but an opt-out is always taken: Goran’s', (await goran.optsOut()).status, 202);

  await stack.worker!.restart();
  const off = await until('sharing to be off', ada.sharing, ({ status }) => status === 'off', 60_000);
  const deleted = progress(off);
  checks.that('the worker is back: all is deleted and read back as gone', deleted.verified, off);
  // His own connection and the instance's run race for Goran's days; whichever comes first counts them.
  checks.that(
    `every one of the ${kept} days is counted as deleted, Goran’s by his own act or by the switch`,
    [kept, kept - own].includes(deleted.itemsDeleted ?? -1),
    deleted,
  );
  checks.equal('the database holds none', await database.countsOfInstance(acme.instanceId), 0);
  const receipt = ok(await anyone.get<Receipts>(pending.receipts)).items.at(-1)!;
  checks.equal('the receipt names the instance and none left', [receipt.scope, receipt.itemsLeft], ['instance', 0]);
  checks.equal('connecting is refused while it is off', conflict(await hana.connects(DEMO_TOKENS.instance('hana'))), [
    409,
    'sharing_off',
  ]);

  checks.equal('Ada enables it again', ok(await ada.enables('instance')).status, 'on');
  await operator.syncs();
  checks.equal('a run later nothing has flowed', await database.countsOfInstance(acme.instanceId), 0);
  checks.equal('ticking is no way back', conflict(await devi.sends()), [409, 'wrong_state']);
  for (const one of [devi, emil, goran]) {
    ok(await one.reconnects());
    await one.isNow('sending');
  }
  checks.tell('Devi, Emil and Goran reconnect, each by an act of their own.');
  const now = new Date().toISOString();
  for (const { key, id } of [devi, emil, goran]) {
    checks.equal(`${key}: every day equals the source`, await database.counts(id), await instance.window(key, now));
  }
  const left = ok(await farah.connection());
  checks.equal('Farah, who had opted out, is still out', left.status, 'restorable');
  checks.that('and her own cause still stands', left.causes.includes('opted_out'), left.causes);
  const run = await operator.syncs();
  await equalSource(story, run, [devi, emil, goran]);
  checks.equal('nothing of Farah’s is there', await database.counts(farah.id), []);
}

const conflict = ({ status, code }: { status: number; code: string | undefined }) => [status, code];

function progress({ turningOff: off }: Sharing) {
  return { itemsDeleted: off?.itemsDeleted, verified: (off?.verifiedAt ?? null) !== null };
}
