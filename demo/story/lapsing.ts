import { DEMO_TOKENS } from '../peers/demo-people.ts';
import { ok } from './api.ts';
import type { Developers } from './connecting.ts';
import type { Receipts } from './people.ts';
import type { Story } from './setting.ts';
import { until } from './until.ts';

/** When the window ends, all that ties the connection to a person is erased; the receipt stays. */
export async function lapsing({ checks, anyone, database, instance }: Story, { emil }: Developers): Promise<void> {
  checks.chapter('Emil opts out and lets the window end');
  const out = ok(await emil.optsOut());
  await until(
    'the link to be erased',
    () => database.link(emil.id),
    ({ person }) => !person,
    60_000,
  );
  checks.equal('his connection is nobody’s any more', (await emil.connection()).status, 404);
  const revoked = await until(
    'the token to be revoked',
    () => database.link(emil.id),
    ({ revocation }) => revocation !== 'waiting',
  );
  checks.equal('mapping and token are erased, the token revoked', revoked, {
    person: false,
    token: false,
    revocation: 'revoked',
  });
  checks.equal('the instance says so too', await isRevoked(instance, 'emil'), true);
  const receipts = ok(await anyone.get<Receipts>(out.receipts));
  checks.equal('the receipt is kept: deleted, none left', receipts.items.at(-1), {
    ...receipts.items.at(-1),
    cause: 'opted_out',
    itemsLeft: 0,
  });
  checks.equal('coming back is too late', (await emil.reconnects()).status, 404);
  await instance.tell('people', {
    key: 'emil',
    tokens: [{ value: 'gho_demo_instance_emil_anew', scopes: ['read:user'] }],
  });
  const before = emil.id;
  checks.equal(
    'he may connect anew, with a new token',
    (await emil.connects('gho_demo_instance_emil_anew')).status,
    201,
  );
  checks.that('as somebody whom nothing ties to the first connection', emil.id !== before);
}

/** Disconnect and forget: all of that at once, from any state. */
export async function forgetting(
  { checks, anyone, database, instance }: Story,
  { devi, farah }: Developers,
): Promise<void> {
  checks.chapter('Devi, who is sending, and Farah, who is out, are forgotten');
  for (const one of [devi, farah]) {
    const kept = (await database.counts(one.id)).length;
    const { receipts } = ok(await one.forgets());
    checks.equal(`${one.key}: accepted, and at once the connection is nobody’s`, (await one.connection()).status, 404);
    const done = await until(
      'the deletion',
      async () => ok(await anyone.get<Receipts>(receipts)),
      (now) => !now.deletionPending,
    );
    checks.equal(`the receipt says ${kept} deleted, none left`, pick(done.items.at(-1)), {
      cause: 'forgotten',
      itemsDeleted: kept,
      itemsLeft: 0,
    });
    checks.equal('no count is left', await database.counts(one.id), []);
    await until(
      'the token to be revoked',
      () => database.link(one.id),
      ({ revocation }) => revocation !== 'waiting',
    );
    checks.equal('nothing ties it to a person, and no token is kept', await database.link(one.id), {
      person: false,
      token: false,
      revocation: 'revoked',
    });
    checks.equal('the token is revoked at the instance', await isRevoked(instance, one.key), true);
  }
}

function pick(item: Receipts['items'][number] | undefined) {
  return item && { cause: item.cause, itemsDeleted: item.itemsDeleted, itemsLeft: item.itemsLeft };
}

async function isRevoked(instance: Story['instance'], key: string): Promise<boolean | undefined> {
  const person = (await instance.people()).find((one) => one.key === key);
  return person?.tokens.find(({ value }) => value === DEMO_TOKENS.instance(key))?.revoked;
}
