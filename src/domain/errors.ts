/**
 * The closed list of error codes. The same string is the `ApplicationFailure` type, the tail of a problem's `type`,
 * the log field and the metric label. `status` is what the API answers.
 */
export const ERRORS = {
  // what was sent
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_input: { status: 400, title: 'A field is missing or wrong' },
  value_refused: { status: 422, title: 'A field has a value that cannot be taken here' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  too_many_headers: { status: 431, title: 'The request has too many headers' },
  too_many_requests: { status: 429, title: 'Too many requests of this kind' },
  // who asks
  unauthenticated: { status: 401, title: 'A session or a valid API token is needed' },
  forbidden: { status: 403, title: 'This act is not for your role' },
  not_found: { status: 404, title: 'Nothing here that is yours to see' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  account_unknown: { status: 403, title: 'Whoever decides a request has to be signed in at GitHub too' },
  own_request: { status: 403, title: 'Nobody decides a request of their own' },
  not_site_admin: { status: 403, title: 'Only a site administrator of the instance may do this' },
  not_account_owner: { status: 403, title: 'Only an owner of the connected account may do this' },
  // sign-in by browser
  sign_in_refused: { status: 403, title: 'The sign-in was given up or refused' },
  sign_in_invalid: { status: 400, title: 'This sign-in is over, or was begun in another browser' },
  sign_in_unavailable: { status: 503, title: 'The place to sign in cannot be used now' },
  other_person: { status: 409, title: 'This is another account than the one that is signed in' },
  origin_refused: { status: 403, title: 'The request did not come from a page of this site' },
  // repeated requests
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used with another request' },
  idempotency_in_progress: { status: 409, title: 'The first request with this Idempotency-Key is still under way' },
  // access request
  request_open: { status: 409, title: 'The instance has an open request already' },
  request_closed: { status: 409, title: 'The request is decided, withdrawn or expired' },
  request_wrong_state: { status: 409, title: 'The request is not in a state for this act' },
  note_required: { status: 400, title: 'A note is needed' },
  nudge_too_soon: { status: 429, title: 'Support was nudged less than 4 hours ago' },
  not_eligible: { status: 409, title: 'A check of eligibility fails' },
  already_available: { status: 409, title: 'Sharing is available on this instance already' },
  // sharing of an instance
  sharing_unavailable: { status: 409, title: 'Sharing is not available: access must be requested first' },
  sharing_off: { status: 409, title: 'Sharing is off on this instance' },
  sharing_paused: { status: 409, title: 'Sharing is paused: GitHub Connect is not seen' },
  turning_off: { status: 409, title: 'Sharing is being turned off; counts are still being deleted' },
  // connection
  already_connected: { status: 409, title: 'This user is connected already' },
  profile_taken: { status: 409, title: 'Another user of this instance feeds this profile' },
  wrong_state: { status: 409, title: 'The connection is not in a state for this act' },
  removing: { status: 409, title: 'The counts are still being deleted' },
  window_lapsed: { status: 409, title: 'The 90 days to come back have passed' },
  cause_remains: { status: 409, title: 'Something else than an opt-out stands against sending' },
  consent_required: { status: 409, title: 'The current consent text must be agreed to' },
  update_too_soon: { status: 429, title: 'An update was asked for less than 5 minutes ago' },
  fence_moved: { status: 409, title: 'Something else was accepted meanwhile' },
  ledger_refused: { status: 500, title: 'The profile side refused a message' },
  // sync
  sync_running: { status: 409, title: 'A run is under way' },
  // a developer's read of the source; shown to that developer with a remedy
  token_revoked: { status: 422, title: 'The instance no longer accepts the token' },
  token_expired: { status: 422, title: 'The token has expired' },
  scope_missing: { status: 422, title: 'The token lacks the scope read:user' },
  sso_required: { status: 422, title: 'The token needs single sign-on' },
  user_gone: { status: 422, title: 'The user is not on the instance' },
  user_suspended: { status: 422, title: 'The user is suspended on the instance' },
  identity_mismatch: { status: 422, title: 'The token belongs to another user' },
  rate_limited: { status: 503, title: 'The instance asks to slow down' },
  maintenance: { status: 503, title: 'The instance is in maintenance' },
  source_unreachable: { status: 503, title: 'The instance cannot be reached' },
  bad_answer: { status: 502, title: 'The instance gave an answer that cannot be right' },
  token_unreadable: { status: 500, title: 'The stored token cannot be decrypted' },
  address_not_allowed: { status: 422, title: 'This address is not allowed for an instance' },
  // ours
  proof_unavailable: { status: 503, title: 'A role could not be checked at its source' },
  service_unavailable: { status: 503, title: 'A service that this needs is down' },
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Failures of reading one developer's counts; one never stops another and is never taken for zero. */
export const SOURCE_FAILURES = [
  'token_revoked',
  'token_expired',
  'scope_missing',
  'sso_required',
  'user_gone',
  'user_suspended',
  'identity_mismatch',
  'rate_limited',
  'maintenance',
  'source_unreachable',
  'bad_answer',
  'token_unreadable',
] as const satisfies readonly ErrorCode[];
export type SourceFailure = (typeof SOURCE_FAILURES)[number];

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(ERRORS, text);
}

/**
 * A refusal with a code of the list. `message` says what happened, what was kept and what to do, and holds nothing of a
 * person or of a source's answer. `retryAt` is an ISO time, for the codes that mean "later".
 */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly retryAt: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, extra: { retryAt?: string; facts?: Record<string, unknown> } = {}) {
    super(message ?? ERRORS[code].title);
    this.name = 'DomainError';
    this.code = code;
    this.retryAt = extra.retryAt;
    this.facts = extra.facts ?? {};
  }
}
