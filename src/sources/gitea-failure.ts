import type { HttpAnswer } from '../net/http.ts';
import { isFields, parseJson } from '../net/json.ts';
import type { SourceReadFailure } from '../ports/source.ts';
import { failure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

const PROXY_LIMIT_MS = 60_000;

/** Why Gitea did not do what was asked. It sets no rate limits itself, but what stands before it may. */
export function refusalOf({ status, headers, body }: HttpAnswer, token: string): SourceReadFailure {
  if (status === 503 && /\bmaintenance\b/i.test(body.toString('utf8'))) {
    return failure('maintenance', retryAfterMs(headers));
  }
  if (status >= 500) return failure('source_unreachable', retryAfterMs(headers));
  if (status === 429) return failure('rate_limited', retryAfterMs(headers) ?? PROXY_LIMIT_MS);
  const json = parseJson(body);
  const message = isFields(json) ? json['message'] : undefined;
  if (typeof message !== 'string') return failure('bad_answer');
  if (/prohibited|not activated/i.test(message)) return failure('user_suspended');
  // Its answer to an expired token is the same as to one that was taken back; the token itself says when it ended.
  if (status === 401) return failure(hasExpired(token) ? 'token_expired' : 'token_revoked');
  return failure(status === 403 && /\bscope\b/i.test(message) ? 'scope_missing' : 'bad_answer');
}

/** Whether an OAuth token, a JWT with the claim `exp` (RFC 7519, 4.1.4), has ended by our clock. */
function hasExpired(token: string): boolean {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
  const end = isFields(claims) ? claims['exp'] : undefined;
  return typeof end === 'number' && end * 1000 <= Date.now();
}
