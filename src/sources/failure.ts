import type { SourceFailure } from '../domain/errors.ts';
import type { HttpFailure } from '../net/http.ts';
import type { SourceReadFailure } from '../ports/source.ts';

/** Whatever of these one developer meets, all others of the instance meet too. Rate limits are a user's own, at GHES and Gitea alike. */
const SYSTEMIC: ReadonlySet<SourceFailure> = new Set(['maintenance', 'source_unreachable']);

export function failure(code: SourceFailure, retryAfterMs?: number): SourceReadFailure {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { ok: false, failure: code, systemic: SYSTEMIC.has(code), ...wait };
}

/** What it means for a developer that an exchange did not end. One that our side gave up says nothing of the instance. */
export function exchangeFailure(reason: HttpFailure): SourceReadFailure {
  switch (reason) {
    case 'too_large':
      return failure('bad_answer');
    case 'unsendable':
      return failure('token_revoked');
    case 'aborted':
      return { ok: false, failure: 'source_unreachable', systemic: false };
    default:
      return failure('source_unreachable');
  }
}
