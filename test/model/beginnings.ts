import * as fc from 'fast-check';
import type { Act, Happening } from './product.ts';
import { Doing, Happens } from './steps.ts';

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

const begin = (acts: Act[]) => [
  ...work.map((happening) => new Happens(happening)),
  ...acts.map((act) => new Doing(act, 'none', false)),
];

export const SENDING = begin(sending);

/** Where a sequence starts from: nothing at all, or what people had done before. */
export const beginnings = fc.constantFrom(begin([]), begin(granted), begin(on), begin(on), SENDING, SENDING, SENDING);
