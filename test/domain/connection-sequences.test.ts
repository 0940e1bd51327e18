import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isLive, NEW_CONNECTION, stepConnection } from '../../src/domain/connection.ts';
import type { ConnectionCommand, ConnectionState, ConnectionStep, ObservedCause } from '../../src/domain/connection.ts';
import { unlessRefused } from './refusal.ts';

const observed = fc.constantFrom<ObservedCause>('suspended', 'gone', 'token_lost');
type Plain = Exclude<ConnectionCommand, { consentVersion: string } | { cause: ObservedCause } | { causes: unknown }>;
const plain = (...types: Plain['type'][]) => fc.constantFrom(...types.map((type): ConnectionCommand => ({ type })));

const lively: fc.Arbitrary<ConnectionCommand> = fc.oneof(
  { weight: 4, arbitrary: plain('establish', 'opt_out', 'switched_off', 'removed', 'reconnect', 'restored') },
  { weight: 1, arbitrary: plain('move', 'moved') },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('send' as const), consentVersion: fc.constantFrom('1', '2') }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('observe' as const), cause: observed }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('lift' as const), causes: fc.uniqueArray(observed, { minLength: 1 }) }),
  },
);
const endings = fc.constantFrom<ConnectionCommand>({ type: 'lapse' }, { type: 'forget' });
const sequences = fc.array(fc.oneof({ weight: 40, arbitrary: lively }, { weight: 1, arbitrary: endings }), {
  maxLength: 60,
  size: 'max',
});

interface Taken {
  before: ConnectionState;
  command: ConnectionCommand;
  step: ConnectionStep;
}

/** Every command of a sequence that was not refused, with what it did. States are frozen: a rule changes none. */
function taken(sequence: readonly ConnectionCommand[]): Taken[] {
  const all: Taken[] = [];
  let state = NEW_CONNECTION;
  for (const command of sequence) {
    const before = Object.freeze({ ...state, causes: Object.freeze([...state.causes]) as ConnectionState['causes'] });
    const step = unlessRefused(() => stepConnection(before, command));
    if (!step) continue;
    all.push({ before, command, step });
    state = step.next;
  }
  return all;
}

/** Runs many sequences, always the same ones, and hands over what each did. */
const always = (seed: number, holds: (all: Taken[]) => void) =>
  fc.assert(
    fc.property(sequences, (sequence) => holds(taken(sequence))),
    { seed, numRuns: 1000 },
  );

const cameToSend = ({ before, step: { next } }: Taken) => next.status === 'sending' && before.status !== 'sending';
const lostCauses = ({ before, step: { next } }: Taken) => before.causes.filter((cause) => !next.causes.includes(cause));

/** All the ways that lead on, but for those to the end, which can be come to from everywhere. */
const WAYS: readonly string[] = [
  'connecting to connected by establish',
  'connected to sending by send',
  ...['connecting', 'connected', 'sending', 'restoring'].flatMap((live) => [
    `${live} to removing by opt_out`,
    `${live} to removing by observe`,
    `${live} to restorable by switched_off`,
    `${live} to removing by move`,
  ]),
  'removing to restorable by removed',
  'removing to restorable by moved',
  'restorable to connected by reconnect',
  'restorable to restoring by reconnect',
  'restoring to sending by restored',
];

test('whatever happens, a connection keeps to its ways, and each of them is taken', () => {
  const seen = new Set<string>();
  always(10, (all) => {
    const ways = all
      .filter(({ before, step: { next } }) => next.status !== before.status && next.status !== 'ended')
      .map(({ before, command, step }) => `${before.status} to ${step.next.status} by ${command.type}`);
    expect(ways.filter((way) => !WAYS.includes(way))).toEqual([]);
    for (const way of ways) seen.add(way);
  });
  expect([...seen].toSorted()).toEqual(WAYS.toSorted());
});

test('after a removal nothing is sent before the developer reconnects, whatever else happens', () => {
  const isAway = ({ status }: ConnectionState) => status === 'removing' || status === 'restorable';
  always(11, (all) => {
    const cameBack = all.filter(({ before, step: { next } }) => isAway(before) && isLive(next.status));
    expect(cameBack.filter(({ command }) => command.type !== 'reconnect')).toEqual([]);
    // From a first tick, or from a reconnect through the read that restores.
    const ways = all.filter(cameToSend).map(({ before, command }) => `${before.status} by ${command.type}`);
    expect(ways.filter((way) => way !== 'connected by send' && way !== 'restoring by restored')).toEqual([]);
  });
});

test('nobody sends, or is restored, without a consent text that they agreed to', () => {
  always(12, (all) => {
    const reading = all.filter(({ step: { next } }) => next.status === 'sending' || next.status === 'restoring');
    expect(reading.filter(({ step: { next } }) => next.consentVersion === null)).toEqual([]);
    const agreed = all.filter(({ before, step: { next } }) => next.consentVersion !== before.consentVersion);
    expect(agreed.filter(({ command, step: { next } }) => command.type !== 'send' && next.status !== 'ended')).toEqual(
      [],
    );
  });
});

test('a cause goes only by being lifted by its name, by a reconnect that finds no other, or with the link', () => {
  const allowed = (one: Taken) => {
    const { before, command, step } = one;
    if (command.type === 'reconnect') return before.causes.every((cause) => cause === 'opted_out');
    if (command.type === 'lift') return lostCauses(one).every((cause) => command.causes.some((name) => name === cause));
    return step.next.status === 'ended';
  };
  always(13, (all) => {
    expect(all.filter((one) => lostCauses(one).length > 0 && !allowed(one))).toEqual([]);
  });
});

test('causes are a set, and whoever is live or has ended has none', () => {
  always(14, (all) => {
    const states = all.map(({ step }) => step.next);
    expect(states.filter(({ causes }) => new Set(causes).size < causes.length)).toEqual([]);
    const free = states.filter(({ status }) => isLive(status) || status === 'ended');
    expect(free.filter(({ causes }) => causes.length > 0)).toEqual([]);
  });
});

test('the fences open for a tick and a reconnect alone, and close with each cause that removes', () => {
  always(15, (all) => {
    const opened = all.filter(({ step: { fence } }) => fence === 'enter').map(({ command }) => command.type);
    expect(opened.filter((type) => type !== 'send' && type !== 'reconnect')).toEqual([]);
    const changed = all.filter(({ step: { fence } }) => fence === 'change_profile');
    expect(changed.filter(({ command, before }) => command.type !== 'moved' || isLive(before.status))).toEqual([]);
    const back = all.filter(({ command, step }) => command.type === 'reconnect' && step.action !== undefined);
    expect(back.filter(({ step: { fence } }) => fence !== 'enter')).toEqual([]);
    // An observed cause has no route that closed the fence before: its step must, and no other does.
    const closes = ({ before, command }: Taken) => command.type === 'observe' && isLive(before.status);
    expect(all.filter((one) => closes(one) !== (one.step.fence === 'close'))).toEqual([]);
  });
});

test('what changes is recorded, what does not is not, and states are plain JSON', () => {
  always(16, (all) => {
    expect(all.filter(({ before, step }) => (step.action === undefined) !== (step.next === before))).toEqual([]);
    expect(all.filter(({ step }) => step.action === undefined && step.fence !== 'none')).toEqual([]);
    const states = all.map(({ step }) => step.next);
    expect(JSON.parse(JSON.stringify(states))).toEqual(states);
  });
});

test('running anything twice is running it once, each move aside, and what has ended stays ended', () => {
  always(17, (all) => {
    const acts = all.filter(({ command }) => command.type !== 'moved');
    const twice = acts.map(({ command, step }) => unlessRefused(() => stepConnection(step.next, command)));
    expect(twice.filter((again) => again !== undefined && again.action !== undefined)).toEqual([]);
    expect(all.filter(({ before, step }) => before.status === 'ended' && step.next !== before)).toEqual([]);
  });
});
