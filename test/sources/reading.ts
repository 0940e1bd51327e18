import type { SourceFailure } from '../../src/domain/errors.ts';
import { windowAt } from '../../src/domain/window.ts';
import type { SourceInstance, SourceReadFailure } from '../../src/ports/source.ts';

export const NOW = '2026-11-24T12:00:00.000Z';
export const window = windowAt(NOW);

/** So short that a test of what hangs is short as well. */
export const SHORT = { headersTimeoutMs: 80, bodyTimeoutMs: 80, deadlineMs: 2_000 };

export function instanceAt(
  baseUrl: string,
  kind: SourceInstance['kind'],
  oauth?: SourceInstance['oauth'],
): SourceInstance {
  return { id: 'an-instance', kind, baseUrl, allowHttpLoopback: true, ...(oauth && { oauth }) };
}

const SYSTEMIC: readonly SourceFailure[] = ['maintenance', 'source_unreachable'];

/** All that a failure may consist of: with `toStrictEqual` it holds no word of the answer and none of the token. */
export function failed(failure: SourceFailure, retryAfterMs?: number): SourceReadFailure {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { ok: false, failure, systemic: SYSTEMIC.includes(failure), ...wait };
}
