import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { addMs } from '../../src/domain/dates.ts';
import { NO_SHARING, stepSharing } from '../../src/domain/sharing.ts';
import type { Sharing, SharingCommand, SharingStatus, SharingStep } from '../../src/domain/sharing.ts';
import { unlessRefused } from './refusal.ts';

const HOUR = 3_600_000;
const settings = { connectGraceMs: 24 * HOUR, connectLooks: 3 };

type Move = Exclude<SharingCommand, { type: 'look' }> | { type: 'look'; connected: boolean; waitMs: number };

const ON: Sharing = { ...NO_SHARING, status: 'on', instanceSide: true, accountSide: true };
const beginnings = fc.constantFrom(NO_SHARING, ON);
const moves = fc.array(
  fc.oneof(
    fc.constantFrom<Move>({ type: 'approve' }, { type: 'revoke' }, { type: 'verified' }),
    fc.record({
      type: fc.constant('switch' as const),
      side: fc.constantFrom('instance' as const, 'account' as const),
      on: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('look' as const),
      connected: fc.boolean(),
      waitMs: fc.integer({ min: 0, max: 30 * HOUR }),
    }),
  ),
  { maxLength: 40, size: 'max' },
);

interface Taken {
  before: Sharing;
  command: SharingCommand;
  step: SharingStep;
}

/** Every move of a sequence that was not refused, with what it did. States are frozen: a rule changes none. */
function taken(sequence: readonly Move[], begin = NO_SHARING): Taken[] {
  const all: Taken[] = [];
  let sharing = begin;
  let at = '2026-11-24T12:00:00.000Z';
  for (const move of sequence) {
    if (move.type === 'look') at = addMs(at, move.waitMs);
    const command: SharingCommand = move.type === 'look' ? { ...move, at } : move;
    const before = Object.freeze({ ...sharing });
    const step = unlessRefused(() => stepSharing(before, command, settings));
    if (!step) continue;
    all.push({ before, command, step });
    sharing = step.next;
  }
  return all;
}

const always = (seed: number, holds: (all: Taken[]) => void) =>
  fc.assert(
    fc.property(beginnings, moves, (begin, sequence) => holds(taken(sequence, begin))),
    { seed, numRuns: 1000 },
  );

const hasMoved = ({ before, step: { next } }: Taken) => next.status !== before.status;
const flows = (status: SharingStatus) => status === 'on' || status === 'paused';

/** All the ways that lead on. */
const WAYS: readonly string[] = [
  'unavailable to available by approve',
  'available to on by switch',
  'off to on by switch',
  'on to turning_off by switch',
  'paused to turning_off by switch',
  'on to paused by look',
  'paused to on by look',
  'paused to turning_off by look',
  'turning_off to off by verified',
  'turning_off to unavailable by verified',
  'available to unavailable by revoke',
  'off to unavailable by revoke',
  'on to turning_off by revoke',
  'paused to turning_off by revoke',
];

test('whatever admins, support and GitHub Connect do, sharing keeps to its ways, and each of them is taken', () => {
  const seen = new Set<string>();
  always(21, (all) => {
    const ways = all
      .filter(hasMoved)
      .map(({ before, command, step }) => `${before.status} to ${step.next.status} by ${command.type}`);
    expect(ways.filter((way) => !WAYS.includes(way))).toEqual([]);
    for (const way of ways) seen.add(way);
  });
  expect([...seen].toSorted()).toEqual(WAYS.toSorted());
});

test('counts flow only while both sides are on, and both are on only while they flow or are paused', () => {
  always(22, (all) => {
    const states = all.map(({ step }) => step.next);
    const { length } = states.filter(({ status, instanceSide, accountSide }) => {
      return flows(status) !== (instanceSide && accountSide);
    });
    expect(length).toBe(0);
    const unavailable = states.filter(({ status }) => status === 'unavailable');
    expect(unavailable.filter(({ instanceSide, accountSide }) => instanceSide || accountSide)).toEqual([]);
  });
});

test('the generation rises by one each time the gate closes for good, and never otherwise', () => {
  always(23, (all) => {
    const closes = ({ before, step: { next } }: Taken) =>
      before.status !== 'turning_off' && next.status === 'turning_off';
    expect(all.filter((one) => closes(one) !== one.step.turnsOff)).toEqual([]);
    const rise = ({ before, step: { next } }: Taken) => next.generation - before.generation;
    expect(all.filter((one) => rise(one) !== (closes(one) ? 1 : 0))).toEqual([]);
  });
});

test('a loss of GitHub Connect is remembered while it lasts and no longer; where turning off ends, until it has', () => {
  always(24, (all) => {
    const states = all.map(({ step }) => step.next);
    const paused = ({ status }: Sharing) => status === 'paused';
    expect(states.filter((one) => paused(one) !== (one.connectLostAt !== undefined))).toEqual([]);
    expect(states.filter((one) => paused(one) !== one.connectLostLooks > 0)).toEqual([]);
    expect(states.filter(({ status, endsIn }) => endsIn !== 'off' && status !== 'turning_off')).toEqual([]);
  });
});

test('what moves is recorded; without a record only looks are counted', () => {
  always(25, (all) => {
    expect(all.filter((one) => hasMoved(one) && one.step.action === undefined)).toEqual([]);
    const silent = all.filter(({ before, step }) => step.action === undefined && step.next !== before);
    expect(silent.filter(({ command, step }) => command.type !== 'look' || step.next.status !== 'paused')).toEqual([]);
  });
});

test('running anything twice is running it once; each look is a look of its own', () => {
  always(26, (all) => {
    const acts = all.filter(({ command }) => command.type !== 'look');
    const twice = acts.map(({ command, step }) => unlessRefused(() => stepSharing(step.next, command, settings)));
    expect(twice.filter((again) => again !== undefined && again.action !== undefined)).toEqual([]);
  });
});

test('after a revoke nothing is on again without a new approval, in whatever order acts come', () => {
  const ended: readonly SharingStatus[] = ['turning_off', 'unavailable'];
  fc.assert(
    fc.property(moves, moves, (before, later) => {
      const revoked = taken([...before, { type: 'revoke' }]).at(-1)!.step.next;
      const unapproved = later.filter(({ type }) => type !== 'approve');
      const reached = taken(unapproved, revoked).map(({ step }) => step.next.status);
      expect(reached.filter((status) => !ended.includes(status))).toEqual([]);
    }),
    { seed: 27, numRuns: 1000 },
  );
});
