import * as fc from 'fast-check';
import { Doing, type Haste, type How } from './doing.ts';
import { Happens } from './happens.ts';
import type { Told } from './once-failed.ts';
import { ADMINS, PROFILES, TROUBLES, USERS, type Act, type Happening, type Product } from './product.ts';
import type { State } from './state.ts';
import type { Step } from './step.ts';
import { Together } from './together.ts';

type Command = fc.AsyncCommand<State, Product>;

export function toStep(told: Told): Step {
  if ('happens' in told) return new Happens(told);
  if ('together' in told) return new Together(told.together[0], told.together[1]);
  const { hasty = false, ...act } = told;
  return new Doing(act, { haste: hasty ? 'blind' : 'none', twice: false, daring: true });
}

const user = fc.constantFrom(...USERS);
const admin = fc.constantFrom(...ADMINS);
const profile = fc.constantFrom(...PROFILES);
const one = <T>(value: T) => fc.constant(value);

/** A user, mostly as the account of their own name. */
const who = fc
  .tuple(user, fc.oneof({ weight: 4, arbitrary: one(undefined) }, { weight: 1, arbitrary: profile }))
  .map(([name, as]) => ({ user: name, as: as ?? name }));

const byBrowser = fc.constantFrom({}, {}, {}, { by: 'browser' as const });

/**
 * Weighed so that sequences go on: what builds up is of use in few states and is skipped in the others, what ends is of
 * use nearly always.
 */
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: one('request' as const), by: admin }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: one('answer' as const),
      by: admin,
      act: fc.constantFrom('withdraw' as const, 'nudge' as const, 'nudge' as const, 'information' as const),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: one('handle' as const),
      act: fc.constantFrom(
        'claim' as const,
        'contacts' as const,
        'information-requests' as const,
        'approve' as const,
        'approve' as const,
        'deny' as const,
        'recheck' as const,
      ),
      by: fc.constantFrom('support' as const, 'support' as const, 'ada' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: one('terms' as const), terms: fc.constantFrom('standard' as const, 'custom' as const) }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      do: one('switch' as const),
      by: admin,
      side: fc.constantFrom('instance' as const, 'account' as const),
      on: fc.constantFrom(true, true, true, true, true, false),
    }),
  },
  { weight: 1, arbitrary: one<Act>({ do: 'revoke' }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: one('record_connect' as const), connected: fc.constantFrom(true, true, true, false) }),
  },
  { weight: 10, arbitrary: one<Act>({ do: 'sync' }) },
  { weight: 15, arbitrary: who.map((by): Act => ({ do: 'connect', ...by })) },
  { weight: 8, arbitrary: who.map((at): Act => ({ do: 'sign_in', ...at })) },
  { weight: 2, arbitrary: who.map((at): Act => ({ do: 'sign_out', ...at })) },
  { weight: 3, arbitrary: who.map((at): Act => ({ do: 'forget_me', ...at })) },
  ...(
    [
      ['send', 20],
      ['update', 8],
      ['opt_out', 6],
      ['forget', 2],
    ] as const
  ).map(([act, weight]) => ({
    weight,
    arbitrary: fc.tuple(who, byBrowser).map(([at, by]): Act => ({ do: act, ...at, ...by })),
  })),
  {
    weight: 24,
    arbitrary: fc.tuple(who, fc.boolean()).map(([by, freshToken]): Act => ({ do: 'reconnect', ...by, freshToken })),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(user, profile, byBrowser).map(([name, as, by]): Act => ({ do: 'move', user: name, as, ...by })),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: one('show' as const), as: profile, public: fc.constantFrom(true, true, true, false) }),
  },
);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      happens: one('contribution' as const),
      user,
      daysAgo: fc.constantFrom(-2, -1, 0, 0, 3, 3, 3, 89, 89, 90, 91),
      count: fc.constantFrom(0, 0, 1, 7, 2_000_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      happens: one('trouble' as const),
      user,
      trouble: fc.constantFrom(...TROUBLES),
      on: fc.constantFrom(true, false, false),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: fc.constantFrom('token_revoked' as const, 'token_revoked' as const, 'renamed' as const),
      user,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: one('role' as const),
      who: admin,
      role: fc.constantFrom('site_admin' as const, 'owner' as const),
      on: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      happens: one('outage' as const),
      of: fc.constantFrom('instance' as const, 'github' as const),
      on: fc.constantFrom(true, false, false, false),
    }),
  },
  { weight: 2, arbitrary: one<Happening>({ happens: 'keys_rotated' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      happens: one('time' as const),
      of: fc.constantFrom('window' as const, 'expiry' as const, 'interval' as const),
    }),
  },
);

const how: fc.Arbitrary<How> = fc.record({
  haste: fc.constantFrom<Haste>('none', 'none', 'seen', 'blind'),
  twice: fc.constantFrom(true, false, false, false),
  daring: fc.constantFrom(true, false, false, false, false, false, false),
});

const doings = fc.tuple(acts, how).map(([act, so]): Command => new Doing(act, so));

export const anyStep = fc.oneof(
  { weight: 8, arbitrary: doings },
  {
    weight: 1,
    arbitrary: fc.tuple(acts, acts).map(([first, second]): Command => new Together(first, second)),
  },
  { weight: 2, arbitrary: happenings.map((happening): Command => new Happens(happening)) },
);
