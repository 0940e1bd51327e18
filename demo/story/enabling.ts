import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Place, Story } from './setting.ts';

/** S4: it works only after both sides are enabled. */
export async function enabling({ checks }: Story, acme: Place): Promise<void> {
  checks.chapter('Enabled on one side only, then on both');
  const [ada, ines, bruno, devi] = await Promise.all([
    acme.admin('ada'),
    acme.admin('ines'),
    acme.admin('bruno'),
    acme.developer('devi'),
  ]);
  checks.equal(
    'Bruno, who owns no account, may not enable',
    (await bruno.enables('instance')).code,
    'not_account_owner',
  );
  checks.equal(
    'Ada enables the instance’s side: sharing is still not on',
    ok(await ada.enables('instance')).status,
    'available',
  );
  const early = await devi.connects(DEMO_TOKENS.instance('devi'));
  checks.equal('Devi cannot connect yet', [early.status, early.code], [409, 'sharing_off']);
  checks.equal(
    'Ines, another admin, enables the account’s side: sharing is on',
    ok(await ines.enables('account')).status,
    'on',
  );
}
