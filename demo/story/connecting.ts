import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Developer } from './people.ts';
import type { Place, Story } from './setting.ts';
import { until } from './until.ts';

export interface Developers {
  devi: Developer;
  emil: Developer;
  farah: Developer;
  goran: Developer;
}

/** S5: connecting and sending are two acts, with a look in between. */
export async function connecting(story: Story, acme: Place): Promise<Developers> {
  const { checks, database, instance } = story;
  checks.chapter('Developers connect, look first, and tick');
  const [devi, emil, farah, goran] = await Promise.all([
    acme.developer('devi'),
    acme.developer('emil'),
    acme.developer('farah'),
    acme.developer('goran'),
  ]);
  checks.equal(
    'with Emil’s token Devi is refused',
    (await devi.connects(DEMO_TOKENS.instance('emil'))).code,
    'identity_mismatch',
  );
  ok(await devi.connects(DEMO_TOKENS.instance('devi')));
  const connected = await devi.isNow('connected');
  checks.equal(
    'Devi is connected, and nothing is sent',
    [connected.status, connected.consentedAt],
    ['connected', null],
  );
  checks.equal(
    'a second connection of hers is refused',
    (await devi.connects(DEMO_TOKENS.instance('devi'))).code,
    'already_connected',
  );

  const preview = ok(await devi.previews());
  checks.equal(
    'the look shows exactly what the instance says, day by day',
    preview.days,
    await instance.window('devi', new Date()),
  );
  checks.equal('under the source’s label', preview.source, 'GitHub Enterprise Server');
  checks.equal('and nothing was written by looking', await database.counts(devi.id), []);

  checks.equal(
    'agreeing to another text than the current one is refused',
    (await devi.sends('1999-01')).code,
    'consent_required',
  );
  const sending = ok(await devi.sends(preview.consent.version));
  checks.equal(
    'Devi ticks: she is sending, and the version of the text is recorded',
    [sending.status, sending.consentVersion],
    ['sending', preview.consent.version],
  );

  for (const other of [emil, farah, goran]) {
    ok(await other.connects(DEMO_TOKENS.instance(other.key)));
    await other.isNow('connected');
    ok(await other.sends());
  }
  for (const one of [devi, emil, farah, goran]) {
    const want = await instance.window(one.key, new Date());
    const have = await until(
      `${one.key}'s first counts`,
      () => database.counts(one.id),
      ({ length }) => length > 0,
    );
    checks.equal(`the first counts of ${one.key} are there and equal the source: ${want.length} days`, have, want);
  }
  return { devi, emil, farah, goran };
}
