import type { IncomingHttpHeaders } from 'node:http';
import type { SourceFailure } from '../domain/errors.ts';
import type { HttpAnswer } from '../net/http.ts';
import { type Fields, isFields, parseJson } from '../net/json.ts';
import type { SourceReadFailure } from '../ports/source.ts';
import { failure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** GitHub's documentation: without a named time, wait at least a minute after a secondary limit. */
const SECONDARY_LIMIT_MS = 60_000;

/** Why GitHub did not do what was asked, from an answer whose status is not a success. */
export function refusalOf({ status, headers, body }: HttpAnswer): SourceReadFailure {
  if (status >= 500) return outage(status, headers, body);
  if (status === 429) return rateLimited(headers);
  // Only GitHub itself answers with a JSON message; a 401 or 403 page of something in between says nothing of a token.
  const message = messageOf(parseJson(body));
  if (message === undefined) return failure('bad_answer');
  if (status === 401) return failure('token_revoked');
  if (status !== 403) return failure('bad_answer');
  // Not any suspension: that of the OAuth App or of an installation says nothing of this person.
  if (/\baccount\b[^.]*\bsuspended\b/i.test(message)) return failure('user_suspended');
  if (asksForSignOn(headers)) return failure('sso_required');
  if (isRateLimit(headers, message)) return rateLimited(headers);
  return failure(namesScope(message) ? 'scope_missing' : 'bad_answer');
}

/** Why a GraphQL answer of status 200 holds errors. One that is not listed is never guessed at. */
export function graphQLFailure(errors: readonly unknown[], headers: IncomingHttpHeaders): SourceReadFailure {
  const found = errors.filter(isFields);
  const types = new Set(found.map(({ type }) => type));
  if (types.has('RATE_LIMITED') || types.has('RATE_LIMIT')) return rateLimited(headers);
  if (asksForSignOn(headers) || found.some(isSamlFailure)) return failure('sso_required');
  if (found.some(({ type, message }) => type === 'FORBIDDEN' && namesScope(message))) return failure('scope_missing');
  for (const [type, code] of TYPES) if (types.has(type)) return failure(code);
  return failure('bad_answer');
}

/** Forbidden is much else as well: an address that is not on a list, an application that is restricted. */
function namesScope(message: unknown): boolean {
  return typeof message === 'string' && /resource not accessible|\bscopes?\b/i.test(message);
}

const TYPES: readonly [string, SourceFailure][] = [
  ['INSUFFICIENT_SCOPES', 'scope_missing'],
  ['NOT_FOUND', 'user_gone'],
  ['SERVICE_UNAVAILABLE', 'source_unreachable'],
];

function outage(status: number, headers: IncomingHttpHeaders, body: Buffer): SourceReadFailure {
  // A load balancer answers 503 as well, when nothing is behind it.
  const planned = status === 503 && /\bmaintenance\b/i.test(body.toString('utf8'));
  return failure(planned ? 'maintenance' : 'source_unreachable', retryAfterMs(headers));
}

function rateLimited(headers: IncomingHttpHeaders): SourceReadFailure {
  return failure('rate_limited', retryAfterMs(headers) ?? SECONDARY_LIMIT_MS);
}

function isRateLimit(headers: IncomingHttpHeaders, message: string): boolean {
  const spent = headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined;
  return spent || /\brate limit\b|\babuse detection\b/i.test(message);
}

/** `required`, or `partial-results`: then the answer leaves out whatever needs a sign-on, and is too low. */
export function asksForSignOn(headers: IncomingHttpHeaders): boolean {
  return headers['x-github-sso'] !== undefined;
}

function isSamlFailure({ extensions }: Fields): boolean {
  return isFields(extensions) && extensions['saml_failure'] === true;
}

function messageOf(json: unknown): string | undefined {
  return isFields(json) && typeof json['message'] === 'string' ? json['message'] : undefined;
}
