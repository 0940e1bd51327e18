import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { CHECKS, failedChecks, judge, remedyOf, type EligibilityFacts } from '../../src/domain/eligibility.ts';
import { SHARING_STATUSES } from '../../src/domain/sharing.ts';

const facts: EligibilityFacts = {
  siteAdmin: true,
  accountOwner: true,
  connected: true,
  sharing: 'unavailable',
  terms: 'standard',
  accountKind: 'enterprise',
};
const failedOf = (changes: Partial<EligibilityFacts>) => {
  const outcome = judge({ ...facts, ...changes });
  if (!outcome.reachable) throw new Error('nothing was decided');
  return outcome.failed;
};

describe('who may request access', () => {
  test('is a site administrator of a connected instance who also owns the account', () => {
    expect(judge(facts)).toEqual({ reachable: true, failed: [], terms: 'standard', accountKind: 'enterprise' });
  });

  test.each([
    ['siteAdmin', 'not_site_admin'],
    ['accountOwner', 'not_account_owner'],
    ['connected', 'not_connected'],
  ] as const)('nobody of whom %s is not so', (fact, code) => {
    expect(failedOf({ [fact]: false })).toEqual([code]);
  });

  test.each(SHARING_STATUSES)('depends on what stands already: %s', (sharing) => {
    const expected = { unavailable: [], turning_off: ['turning_off'] } as const;
    const told = sharing in expected ? expected[sharing as keyof typeof expected] : ['already_available'];
    expect(failedOf({ sharing })).toEqual(told);
  });
});

describe('every combination of what was read', () => {
  const read = fc.constantFrom(true, false, undefined);
  const combinations = fc.record({
    siteAdmin: read,
    accountOwner: read,
    connected: read,
    sharing: fc.constantFrom(...SHARING_STATUSES),
    terms: fc.constantFrom('standard' as const, 'custom' as const, null),
    accountKind: fc.constantFrom('organization' as const, 'enterprise' as const),
  });

  test('decides nothing while a fact is unknown, else tells each failed check in order, each with a remedy', () => {
    fc.assert(
      fc.property(combinations, (one) => {
        const outcome = judge(one);
        const roles = [one.siteAdmin, one.accountOwner, one.connected];
        expect(outcome.reachable).toBe(!roles.includes(undefined));
        if (!outcome.reachable) return;
        expect(outcome.failed.length === 0).toBe(roles.every(Boolean) && one.sharing === 'unavailable');
        expect(outcome.failed).toEqual(CHECKS.filter((code) => outcome.failed.includes(code)));
        expect(outcome.failed).not.toContain('proof_unavailable');
        expect(outcome.terms).toBe(one.terms ?? 'custom');
        const told = failedChecks(outcome.failed, one.accountKind);
        expect(told.map(({ code }) => code)).toEqual(outcome.failed);
        for (const { remedy } of told) expect(remedy).toMatch(/^[A-Z].+\.$/);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('what to do about a failed check', () => {
  test('names the kind of account', () => {
    expect(remedyOf('not_connected', 'organization')).toContain('the instance and the organization');
    expect(remedyOf('not_connected', 'enterprise')).toContain('the instance and the enterprise account');
  });

  test('is another sentence for each', () => {
    const remedies = CHECKS.map((code) => remedyOf(code, 'enterprise'));
    expect(new Set(remedies).size).toBe(CHECKS.length);
  });
});
