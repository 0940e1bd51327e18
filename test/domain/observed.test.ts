import { describe, expect, test } from '@jest/globals';
import { addMs } from '../../src/domain/dates.ts';
import { SOURCE_FAILURES } from '../../src/domain/errors.ts';
import { causeOf, graceEnds, hasOutlivedGrace, isInstanceFault } from '../../src/domain/observed.ts';
import type { GraceSettings, Sighting } from '../../src/domain/observed.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST = '2026-11-24T12:00:00.000Z';
const grace: GraceSettings = { tokenMs: 7 * DAY, observedMs: DAY, sightings: 3 };

const seen = (cause: Sighting['cause'], heldMs: number, times = 3): Sighting => ({
  cause,
  firstAt: FIRST,
  lastAt: addMs(FIRST, heldMs),
  times,
});
const outlived = (...args: Parameters<typeof seen>) => hasOutlivedGrace(seen(...args), grace);

describe('a failed read', () => {
  test('is a sign that somebody is gone for few classes; for all others it is a failure only', () => {
    expect(Object.fromEntries(SOURCE_FAILURES.map((failure) => [failure, causeOf(failure)]))).toEqual({
      token_revoked: 'token_lost',
      token_expired: 'token_lost',
      scope_missing: 'token_lost',
      user_suspended: 'suspended',
      user_gone: 'gone',
      identity_mismatch: 'gone',
      sso_required: undefined,
      rate_limited: undefined,
      maintenance: undefined,
      source_unreachable: undefined,
      bad_answer: undefined,
      token_unreadable: undefined,
    });
  });
});

describe('an observed cause', () => {
  const graces = [
    ['token_lost', 7 * DAY],
    ['suspended', DAY],
    ['gone', DAY],
  ] as const;

  test.each(graces)('%s is acted on once it has held for its grace, and not a millisecond before', (cause, ms) => {
    expect(graceEnds(seen(cause, 0), grace)).toBe(addMs(FIRST, ms));
    expect(outlived(cause, ms - 1)).toBe(false);
    expect(outlived(cause, ms)).toBe(true);
  });

  test.each(graces)('%s is not acted on before it was seen three times, however long it holds', (cause, ms) => {
    expect(outlived(cause, 100 * ms, 2)).toBe(false);
    expect(outlived(cause, ms, 3)).toBe(true);
    expect(outlived(cause, ms, 40)).toBe(true);
  });
});

describe('many connections that turn in one run', () => {
  test.each([
    // turned, of, whether it is the instance's fault
    [9, 10, false],
    [9, 100, false],
    [10, 10, true],
    [10, 199, true],
    [10, 200, false],
    [11, 200, true],
    [11, 219, true],
    [11, 220, false],
    [1000, 20_000, false],
    [1001, 20_000, true],
    [0, 0, false],
  ])('%d of %d: the fault of the instance is %s', (turned, connections, fault) => {
    expect(isInstanceFault(turned, connections)).toBe(fault);
  });

  test('are the fault of the instance from the first one above 5% and 10 on, at every size', () => {
    const sizes = Array.from({ length: 5000 }, (_, at) => at + 1);
    const wrong = sizes.filter((connections) => {
      const least = Math.max(10, Math.floor(connections / 20) + 1);
      return isInstanceFault(least - 1, connections) || !isInstanceFault(least, connections);
    });
    expect(wrong).toEqual([]);
  });
});
