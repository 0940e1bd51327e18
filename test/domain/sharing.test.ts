import { describe, expect, test } from '@jest/globals';
import { addMs } from '../../src/domain/dates.ts';
import { NO_SHARING, SHARING_STATUSES, stepSharing } from '../../src/domain/sharing.ts';
import type { Sharing, SharingCommand, SharingSettings, Side } from '../../src/domain/sharing.ts';
import { refusalOf } from './refusal.ts';

const HOUR = 3_600_000;
const LOST = '2026-11-24T12:00:00.000Z';
const settings: SharingSettings = { connectGraceMs: 24 * HOUR, connectLooks: 3 };

const step = (sharing: Sharing, command: SharingCommand) => stepSharing(sharing, command, settings);
const after = (sharing: Sharing, ...commands: SharingCommand[]) =>
  commands.reduce((state, command) => step(state, command).next, sharing);

const approve: SharingCommand = { type: 'approve' };
const revoke: SharingCommand = { type: 'revoke' };
const verified: SharingCommand = { type: 'verified' };
const enable = (side: Side): SharingCommand => ({ type: 'switch', side, on: true });
const disable = (side: Side): SharingCommand => ({ type: 'switch', side, on: false });
const look = (connected: boolean, afterMs = 0): SharingCommand => ({
  type: 'look',
  connected,
  at: addMs(LOST, afterMs),
});

const available = after(NO_SHARING, approve);
const on = after(available, enable('instance'), enable('account'));
const turningOff = after(on, disable('instance'));
const off = after(turningOff, verified);
const paused = after(on, look(false));
const every = { unavailable: NO_SHARING, available, on, turning_off: turningOff, off, paused };
const SIDES: readonly Side[] = ['instance', 'account'];

describe('sharing of an instance', () => {
  test('reaches each of its states', () => {
    expect(Object.entries(every).map(([name, { status }]) => [name, status])).toEqual(
      Object.keys(every).map((name) => [name, name]),
    );
    expect(Object.keys(every).toSorted()).toEqual([...SHARING_STATUSES].toSorted());
  });

  test('is not available before access is approved: neither side can be switched', () => {
    for (const side of SIDES) {
      expect(refusalOf(() => step(NO_SHARING, enable(side))).code).toBe('sharing_unavailable');
      expect(refusalOf(() => step(NO_SHARING, disable(side))).code).toBe('sharing_unavailable');
    }
  });

  test('becomes available by an approval and is not on by it', () => {
    expect(step(NO_SHARING, approve)).toMatchObject({
      next: { status: 'available', instanceSide: false, accountSide: false },
      action: 'sharing.made_available',
    });
    for (const sharing of Object.values(every).filter(({ status }) => status !== 'unavailable')) {
      expect(step(sharing, approve)).toEqual({ next: sharing, action: undefined, turnsOff: false });
    }
  });
});

describe('the two sides', () => {
  test.each(SIDES)('one alone (%s) does not turn sharing on', (side) => {
    expect(step(available, enable(side))).toMatchObject({
      next: { status: 'available', [`${side}Side`]: true },
      action: `sharing.${side}_side_enabled`,
    });
  });

  test.each([
    ['instance', 'account'],
    ['account', 'instance'],
  ] as const)('turn it on together, %s first', (first, second) => {
    expect(after(available, enable(first), enable(second))).toMatchObject({ status: 'on', generation: 0 });
  });

  test.each(SIDES)('turn it off each for itself (%s), and raise the generation once', (side) => {
    for (const sharing of [on, paused]) {
      const { next, action, turnsOff } = step(sharing, disable(side));
      expect({ action, turnsOff }).toEqual({ action: `sharing.${side}_side_disabled`, turnsOff: true });
      expect(next).toMatchObject({ status: 'turning_off', generation: 1, endsIn: 'off', [`${side}Side`]: false });
      expect(step(next, disable(side))).toMatchObject({ next, action: undefined, turnsOff: false });
    }
  });

  test('switched as they stand change nothing', () => {
    for (const side of SIDES) {
      expect(step(on, enable(side))).toMatchObject({ next: on, action: undefined });
      expect(step(available, disable(side))).toMatchObject({ next: available, action: undefined });
    }
  });

  test('both off before it was on delete nothing', () => {
    const sharing = after(available, enable('instance'));
    expect(step(sharing, disable('instance'))).toMatchObject({ next: available, turnsOff: false });
  });
});

describe('while sharing is being turned off', () => {
  test('neither side can be switched on again', () => {
    for (const side of SIDES) expect(refusalOf(() => step(turningOff, enable(side))).code).toBe('turning_off');
  });

  test('the other side can be switched off too, which turns nothing off twice', () => {
    const { next, turnsOff } = step(turningOff, disable('account'));
    expect(turnsOff).toBe(false);
    expect(next).toMatchObject({ status: 'turning_off', generation: 1, accountSide: false });
    expect(after(next, verified, enable('instance')).status).toBe('off');
  });

  test('it is off only once that is verified; then the side that was switched off suffices', () => {
    expect(step(turningOff, verified)).toMatchObject({ next: { status: 'off' }, action: 'sharing.turned_off' });
    expect(after(off, enable('instance'))).toMatchObject({ status: 'on', generation: 1 });
  });

  test('verified says nothing in any other state', () => {
    for (const sharing of [NO_SHARING, available, on, off, paused]) {
      expect(step(sharing, verified)).toEqual({ next: sharing, action: undefined, turnsOff: false });
    }
  });
});

describe("support's revoke", () => {
  test.each(Object.entries(every))('ends in unavailable, from %s, and needs a new approval', (_status, sharing) => {
    const ended = after(sharing, revoke, verified);
    expect(ended).toMatchObject({ status: 'unavailable', instanceSide: false, accountSide: false });
    expect(refusalOf(() => step(ended, enable('instance'))).code).toBe('sharing_unavailable');
    expect(after(ended, approve, enable('instance'), enable('account')).status).toBe('on');
  });

  test.each([
    ['on', on],
    ['paused', paused],
  ])('deletes first where counts were sent: %s', (_status, sharing) => {
    const revoked = step(sharing, revoke);
    expect(revoked).toMatchObject({ action: 'sharing.revoked', turnsOff: true });
    expect(revoked.next).toMatchObject({ status: 'turning_off', generation: 1, endsIn: 'unavailable' });
  });

  test('while it is turning off changes where that ends, and deletes nothing twice', () => {
    const revoked = step(turningOff, revoke);
    expect(revoked).toMatchObject({ action: 'sharing.revoked', turnsOff: false });
    expect(revoked.next).toMatchObject({ status: 'turning_off', generation: 1, accountSide: false });
    expect(step(revoked.next, revoke)).toMatchObject({ next: revoked.next, action: undefined });
    expect(after(revoked.next, approve, verified).status).toBe('unavailable');
  });

  test('is forgotten by the next turning off', () => {
    const again = after(on, revoke, verified, approve, enable('instance'), enable('account'), disable('account'));
    expect(after(again, verified).status).toBe('off');
  });
});

describe('loss of GitHub Connect', () => {
  test('pauses at the first look that does not see it: the gate closes, nothing is deleted', () => {
    expect(step(on, look(false))).toMatchObject({
      next: { status: 'paused', generation: 0, instanceSide: true, accountSide: true, connectLostAt: LOST },
      action: 'sharing.paused',
      turnsOff: false,
    });
  });

  test('that ends within 24 hours turns it on again by itself', () => {
    const back = step(after(paused, look(false, HOUR), look(false, 2 * HOUR)), look(true, 24 * HOUR - 1));
    const next = { ...on, connectLookedAt: addMs(LOST, 24 * HOUR - 1) };
    expect(back).toEqual({ next, action: 'sharing.resumed', turnsOff: false });
  });

  test('counts each look once: the same one again, or an older one that comes late, changes nothing', () => {
    const seen = after(paused, look(false, HOUR));
    for (const again of [look(false, HOUR), look(false, 0), look(true, 0)]) {
      expect(step(seen, again)).toEqual({ next: seen, action: undefined, turnsOff: false });
    }
    expect(after(paused, look(false, 25 * HOUR), look(false, 25 * HOUR)).status).toBe('paused');
  });

  test('turns off at 24 hours, and not a millisecond before, however often it was looked', () => {
    const looked = after(paused, ...Array.from({ length: 30 }, (_, at) => look(false, at * HOUR * 0.5)));
    expect(step(looked, look(false, 24 * HOUR - 1)).next.status).toBe('paused');
    const lost = step(looked, look(false, 24 * HOUR));
    expect(lost).toMatchObject({ action: 'sharing.connect_lost', turnsOff: true });
    expect(lost.next).toMatchObject({ status: 'turning_off', generation: 1, endsIn: 'off' });
    // Whoever wants it back says so on both sides.
    for (const side of SIDES) expect(after(lost.next, verified, enable(side)).status).toBe('off');
  });

  test('turns off with the third look, and not with the second, however long it lasts', () => {
    const second = after(paused, look(false, 100 * HOUR));
    expect(second).toMatchObject({ status: 'paused', connectLostLooks: 2 });
    expect(step(second, look(false, 101 * HOUR)).turnsOff).toBe(true);
  });

  test('that is none changes nothing and is not recorded', () => {
    expect(step(on, look(true))).toEqual({ next: on, action: undefined, turnsOff: false });
  });

  test('is counted anew after it came back', () => {
    const again = after(paused, look(false, 20 * HOUR), look(true, 21 * HOUR), look(false, 22 * HOUR));
    expect(again).toMatchObject({ connectLostAt: addMs(LOST, 22 * HOUR), connectLostLooks: 1 });
    expect(after(again, look(false, 45 * HOUR), look(false, 45.9 * HOUR)).status).toBe('paused');
  });

  test('while paused both sides are on, and either turns it off at once', () => {
    for (const side of SIDES) {
      expect(step(paused, enable(side))).toMatchObject({ next: paused, action: undefined });
      expect(after(paused, disable(side))).toMatchObject({ status: 'turning_off', connectLostAt: undefined });
    }
  });

  test('is no matter where nothing is shared', () => {
    for (const sharing of [NO_SHARING, available, turningOff, off]) {
      for (const connected of [true, false]) expect(step(sharing, look(connected)).next).toEqual(sharing);
    }
  });
});
