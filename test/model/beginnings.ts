import * as fc from 'fast-check';
import type { Act, Happening } from './product.ts';
import { toStep } from './steps.ts';

const granted: Act[] = [
  { do: 'terms', terms: 'standard' },
  { do: 'request', by: 'ada' },
];
const on: Act[] = [
  ...granted,
  { do: 'switch', by: 'ada', side: 'instance', on: true },
  { do: 'switch', by: 'ines', side: 'account', on: true },
];
const work: Happening[] = [
  { happens: 'contribution', user: 'devi', daysAgo: 3, count: 5 },
  { happens: 'contribution', user: 'devi', daysAgo: 89, count: 1 },
  { happens: 'contribution', user: 'emil', daysAgo: 0, count: 2 },
];
const sending: Act[] = [
  ...on,
  { do: 'connect', user: 'devi', as: 'devi' },
  { do: 'send', user: 'devi', as: 'devi' },
  { do: 'show', as: 'devi', public: true },
];

const devi = { user: 'devi', as: 'devi' } as const;
const emil = { user: 'emil', as: 'emil' } as const;
const sync: Act = { do: 'sync' };

const begin = (told: (Act | Happening)[]) => [...work, ...told].map((one) => toStep(one));

export const SENDING = begin(sending);

/** Where a sequence starts from: nothing at all, or what people had done before and what had become of it. */
export const beginnings = fc.constantFrom(
  begin([]),
  begin([
    { do: 'request', by: 'ada' },
    { do: 'handle', act: 'contacts', by: 'support' },
  ]),
  begin(granted),
  begin(on),
  SENDING,
  SENDING,
  begin([...sending, { do: 'connect', ...emil }, { do: 'send', ...emil }]),
  begin([...sending, { happens: 'contribution', user: 'devi', daysAgo: 3, count: 0 }]),
  begin([...sending, { do: 'record_connect', connected: false }, sync]),
  begin([...sending, { do: 'opt_out', ...devi }]),
  begin([...sending, { do: 'switch', by: 'ada', side: 'account', on: false }]),
  begin([
    ...sending,
    ...['off', 'on'].map((to): Act => ({ do: 'switch', by: 'ada', side: 'instance', on: to === 'on' })),
  ]),
  begin([...sending, { happens: 'token_revoked', user: 'devi' }, sync]),
  begin([...sending, { happens: 'trouble', user: 'devi', trouble: 'suspended', on: true }, sync, sync]),
);
