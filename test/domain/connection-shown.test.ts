import { describe, expect, test } from '@jest/globals';
import { CONNECTION_STATUSES, shownCauses, shownStatus } from '../../src/domain/connection.ts';
import type { ConnectionFacts } from '../../src/domain/connection.ts';

const none: ConnectionFacts = { switchedOff: false, instanceTurningOff: false, openRemoval: false, erased: false };
const shown = (facts: Partial<ConnectionFacts>) =>
  CONNECTION_STATUSES.map((status) => shownStatus(status, { ...none, ...facts }));

// In: connecting, connected, sending, removing, restorable, restoring, ended.
describe('what a page says of a connection', () => {
  test('is its own status, where no fence says otherwise', () => {
    expect(shown({})).toEqual(CONNECTION_STATUSES);
    // An instance that is turning off says nothing of who never joined what is turned off.
    expect(shown({ instanceTurningOff: true })).toEqual(CONNECTION_STATUSES);
  });

  test('is "removing" from the moment an opt-out is accepted, whatever the workflow knows', () => {
    expect(shown({ openRemoval: true })).toEqual([
      'removing',
      'removing',
      'removing',
      'removing',
      'restorable',
      'removing',
      'removing',
    ]);
  });

  test('is "removing" while the instance is turned off, and "restorable" once that is verified', () => {
    const turning = shown({ switchedOff: true, instanceTurningOff: true });
    expect(turning).toEqual(['removing', 'removing', 'removing', 'removing', 'removing', 'removing', 'ended']);
    const off = shown({ switchedOff: true });
    expect(off).toEqual(['restorable', 'restorable', 'restorable', 'removing', 'restorable', 'restorable', 'ended']);
  });

  test('is "ended" once the link is erased, before anything else', () => {
    const ended = CONNECTION_STATUSES.map(() => 'ended');
    expect(shown({ erased: true })).toEqual(ended);
    expect(shown({ erased: true, switchedOff: true, instanceTurningOff: true, openRemoval: true })).toEqual(ended);
  });
});

describe('the causes that a page names', () => {
  test('are those kept, and the switch, which is never kept', () => {
    expect(shownCauses([], none)).toEqual([]);
    expect(shownCauses(['gone'], { ...none, switchedOff: true })).toEqual(['gone', 'switched_off']);
  });

  test('hold an opt-out as soon as it is accepted, and once', () => {
    expect(shownCauses([], none, ['opt_out'])).toEqual(['opted_out']);
    expect(shownCauses(['opted_out'], none, ['opt_out'])).toEqual(['opted_out']);
    expect(shownCauses([], none, ['forget'])).toEqual([]);
    expect(shownCauses([], none, ['move', 'opt_out'])).toEqual(['opted_out']);
  });
});
