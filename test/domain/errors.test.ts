import { describe, expect, test } from '@jest/globals';
import { DomainError, ERRORS, isErrorCode, SOURCE_FAILURES, type ErrorCode } from '../../src/domain/errors.ts';
import { SOURCE_LABELS } from '../../src/domain/source-label.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];
const statusesOf = (some: readonly ErrorCode[]) =>
  [...new Set(some.map((code) => ERRORS[code].status))].toSorted((a, b) => a - b);

describe('the list of error codes', () => {
  test.each(codes)('%s is a word for machines with a status of failure and a sentence for people', (code) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(ERRORS[code].status).toBeGreaterThanOrEqual(400);
    expect(ERRORS[code].status).toBeLessThan(600);
    expect(ERRORS[code].title).toMatch(/^[A-Z][^.]+[^.!]$/);
  });

  test('uses only statuses that mean something to a client', () => {
    expect(statusesOf(codes)).toEqual([400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 431, 500, 502, 503]);
  });

  test('says each thing once', () => {
    const titles = codes.map((code) => ERRORS[code].title.toLowerCase());
    expect(titles).toEqual([...new Set(titles)]);
  });

  test('blames the caller for nothing that a server did, and a server for nothing that the caller sent', () => {
    const ours = codes.filter((code) => ERRORS[code].status >= 500);
    expect(ours.toSorted()).toEqual([
      'bad_answer',
      'internal',
      'ledger_refused',
      'maintenance',
      'proof_unavailable',
      'rate_limited',
      'service_unavailable',
      'sign_in_unavailable',
      'source_unreachable',
      'token_unreadable',
    ]);
  });

  test('holds "too soon" for what may be asked again later', () => {
    const later = codes.filter((code) => ERRORS[code].status === 429);
    expect(later).toEqual(['too_many_requests', 'nudge_too_soon', 'update_too_soon']);
  });

  test('knows its own words and no others', () => {
    expect(codes.every(isErrorCode)).toBe(true);
    for (const other of ['toString', '__proto__', 'constructor', '', 'Internal', undefined, null, 500, ['internal']]) {
      expect(isErrorCode(other)).toBe(false);
    }
  });
});

describe('failures of reading a developer', () => {
  test('are a closed list without repetition, each an error code', () => {
    expect(SOURCE_FAILURES).toEqual([...new Set(SOURCE_FAILURES)]);
    expect(SOURCE_FAILURES.every(isErrorCode)).toBe(true);
  });

  test('that concern the developer are unprocessable; those of the instance are of a gateway', () => {
    const gateway = SOURCE_FAILURES.filter((code) => ERRORS[code].status !== 422);
    expect(statusesOf(gateway)).toEqual([500, 502, 503]);
    expect(statusesOf(['token_revoked', 'user_gone', 'identity_mismatch'])).toEqual([422]);
  });
});

describe('a refusal', () => {
  test('carries its code, its sentence, the time to come back and facts', () => {
    const refusal = new DomainError('update_too_soon', undefined, {
      retryAt: '2026-11-24T12:05:00.000Z',
      facts: { everyMs: 300_000 },
    });
    expect(refusal).toMatchObject({
      name: 'DomainError',
      code: 'update_too_soon',
      message: ERRORS.update_too_soon.title,
      retryAt: '2026-11-24T12:05:00.000Z',
      facts: { everyMs: 300_000 },
    });
    expect(new DomainError('not_found', 'There is none.')).toMatchObject({
      message: 'There is none.',
      retryAt: undefined,
      facts: {},
    });
  });
});

describe('what a profile says of where counts come from', () => {
  test('is one of a closed list of labels', () => {
    expect(SOURCE_LABELS).toEqual({ ghes: 'GitHub Enterprise Server', gitea: 'Gitea' });
  });
});
