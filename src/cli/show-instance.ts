import type { z } from 'zod';
import type { instance, sharing } from './answers.ts';
import { facts, type Cell, when } from './text.ts';

type Instance = z.output<typeof instance>;
type Facts = readonly (readonly [string, Cell])[];

export function showInstance(one: Instance, state?: Sharing): string {
  return facts([...instanceFacts(one), ...(state ? sharingFacts(state) : [])]);
}

function instanceFacts(one: Instance): Facts {
  return [
    ['Instance', `${one.hostname} (${one.kind})`],
    ['Id', one.id],
    ['Address', [one.baseUrl, ...allowed(one)].join(' ')],
    ['Account', `${one.account.slug} (${one.account.kind}) ${one.account.id}`],
    ['GitHub Connect', one.connect],
    ['Credential', one.hasCredential ? 'stored' : 'none: its site administrators cannot be read'],
    ['OAuth App', one.hasOauth ? 'stored' : 'none: tokens that are not needed any more cannot be revoked there'],
    ['Sharing', one.sharing],
  ];
}

function allowed({ allowHttpLoopback, allowPrivateNetwork }: Instance): string[] {
  return [
    ...(allowHttpLoopback ? ['(plain HTTP to loopback is allowed)'] : []),
    ...(allowPrivateNetwork ? ['(private addresses are allowed)'] : []),
  ];
}

type Sharing = z.output<typeof sharing>;

function sharingFacts({ instanceSide, accountSide, generation, turningOff }: Sharing): Facts {
  return [
    ['Instance side', side(instanceSide)],
    ['Account side', side(accountSide)],
    ['Generation', `${generation} (raised each time that sharing is turned off)`],
    ...(turningOff ? [['Turned off', turnedOff(turningOff)] as const] : []),
  ];
}

function side({ enabled, by, at }: Sharing['instanceSide']): string {
  const who = by === null ? '' : ` by ${by}`;
  return `${enabled ? 'enabled' : 'disabled'}${at === null ? '' : ` since ${when(at)}`}${who}`;
}

function turnedOff(off: NonNullable<Sharing['turningOff']>): string {
  const done = `${off.itemsDeleted} counts of ${off.connections} connections are deleted`;
  const verified = off.verifiedAt === null ? 'not verified yet' : `verified ${when(off.verifiedAt)}`;
  return `asked ${when(off.askedAt)} (${off.cause}): ${done}, ${verified}; it ends in "${off.endsIn}"`;
}
