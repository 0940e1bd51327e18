import type { HttpAnswer } from '../net/http.ts';
import { isFields, parseJson } from '../net/json.ts';
import type { RefreshedToken, SourceReadFailure } from '../ports/source.ts';
import { failure } from './failure.ts';
import { refusalOf } from './gitea-failure.ts';

/** What the token endpoint answered (RFC 6749, 5.1 and 5.2). */
export function readRefreshed(answer: HttpAnswer): ({ ok: true } & RefreshedToken) | SourceReadFailure {
  if (answer.status >= 500 || answer.status === 429) return refusalOf(answer, '');
  const json = parseJson(answer.body);
  if (!isFields(json)) return failure('bad_answer');
  if (answer.status !== 200) return refused(json['error']);
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = json;
  if (typeof accessToken !== 'string' || accessToken === '') return failure('bad_answer');
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return failure('bad_answer');
  const known = typeof seconds === 'number' && seconds > 0 && seconds < LONGEST_SECONDS;
  const expiresAt = known ? new Date(Date.now() + seconds * 1000).toISOString() : undefined;
  return { ok: true, accessToken, refreshToken: refreshToken || undefined, expiresAt };
}

const LONGEST_SECONDS = 10 * 366 * 86_400;

/** Gitea says `unauthorized_client` for a refresh token that was used, cut or has ended, `invalid_grant` for one taken back. */
function refused(error: unknown): SourceReadFailure {
  return failure(error === 'invalid_grant' || error === 'unauthorized_client' ? 'token_expired' : 'bad_answer');
}
