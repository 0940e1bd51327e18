import type { ErrorCode } from '../domain/errors.ts';

/** What was kept, and what to do, for each code; names of fields and headers stand between backticks. docs/errors.md lists the same. */
export const ERROR_ADVICE: Readonly<Record<ErrorCode, string>> = {
  malformed_json: 'Nothing. Send JSON in UTF-8, whole.',
  invalid_input:
    'Nothing. `facts.fields` names each field and what is wrong with it; values are not repeated. Unknown fields are wrong too.',
  value_refused: 'Nothing. `facts.fields` names the field, and what on record stands against it.',
  body_too_large: 'Nothing. A body is 64 KiB at the most.',
  unsupported_media_type: 'Nothing. Send `Content-Type: application/json`, without `Content-Encoding`.',
  uri_too_long: 'Nothing. An address has at most 8,192 characters.',
  too_many_headers: 'Nothing. A request has at most 100 headers.',
  too_many_requests:
    'Nothing. Come again at `retryAt`; the headers `RateLimit` and `RateLimit-Policy` tell what is left.',
  unauthenticated:
    'Nothing. Sign in again at `/sign-in`, at both places; a program sends `Authorization: Bearer uc_…` with a token that is not revoked.',
  forbidden: 'Nothing. `detail` names the roles.',
  not_found:
    "Nothing. What is somebody else's, private or erased answers like what never was: look at the address, and at whose token you send.",
  method_not_allowed: 'Nothing. `Allow` lists those it takes.',
  account_unknown:
    'The request, as it was. Sign in at GitHub.com too, in the browser that is signed in as support, and decide then.',
  own_request:
    "The request, as it was. Somebody else of support decides it. It is told by the decider's GitHub.com user.",
  not_site_admin:
    'Nothing; an earlier proof of both roles is dropped. Read at the instance now. Also a failed check of an access request.',
  not_account_owner: 'The same, read at GitHub.com.',
  sign_in_refused:
    'Whoever was signed in still is. Begin again, and agree at the place where you sign in; or ask there why you are refused.',
  sign_in_invalid:
    'Whoever was signed in still is. An address to come back to works once, within 10 minutes, in the browser that began. Begin again.',
  sign_in_unavailable:
    'Whoever was signed in still is. The place to sign in is not set up, cannot be reached, or does not know this system: try again, or tell the operator.',
  other_person:
    'Nothing. Sign out first, or choose the account that you are signed in with at the place that you were sent to.',
  origin_refused:
    'Nothing. With a session, requests that change something come from pages of this site: their `Origin` is its own. Programs send an API token.',
  idempotency_key_reused: 'The first request and its answer. Use a new key for a new request.',
  idempotency_in_progress:
    'The first request. Send the same again after `retryAt`: you get its answer, or take it over if it died.',
  request_open: 'The open request; `facts.requestId` names it. Follow it, or withdraw it first.',
  request_closed:
    'The request, as it ended. A note that came with the act is dropped. Request anew where that makes sense.',
  request_wrong_state:
    'The request, as it was; a note that came with the act is dropped. Contact before deciding; ask before answering.',
  note_required: 'Nothing. Say why, in `note`.',
  nudge_too_soon: 'The earlier nudge. Come again at `retryAt`.',
  not_eligible: 'The request, still open. `facts.failedChecks` lists each check with its remedy.',
  already_available: 'A failed check of a request: nothing needs to be requested; enable sharing on both sides.',
  sharing_unavailable: 'Nothing. Request access for the instance.',
  sharing_off:
    'The connection, as it was. Both sides have to be enabled first. Opting out and forgetting are always possible.',
  sharing_paused:
    'All counts, none of them public. It goes on by itself when GitHub Connect is seen again, and turns off if that lasts.',
  turning_off:
    'The deletion goes on. Wait until it is verified: `GET /api/v1/instances/{id}/sharing`. Also a failed check of an access request.',
  already_connected:
    'The connection that is there; `facts.connectionId` names it. Reconnect it rather than make another. Of a move: it feeds that profile already.',
  profile_taken: 'The other connection. One profile takes one user of an instance.',
  wrong_state:
    'The connection, as it was. Where its own status is what stands against it, `facts.status` names it: look at the connection, and ask again when it has the status that the act is for.',
  removing: 'The removal goes on. Come again when its receipt is there.',
  window_lapsed: 'The receipt alone. Connect anew.',
  cause_remains:
    'The connection, as it was; `facts.causes` lists what stands. Put that right, or reconnect with a new token.',
  consent_required: 'Nothing is sent. Read the preview and send its version; `facts.current` names it.',
  update_too_soon: 'The counts of that update. Come again at `retryAt`; the hourly run comes anyway.',
  fence_moved: 'What was accepted. Look again, and send the same once more if it still makes sense.',
  ledger_refused:
    'No count of the message. The message was not of the one form that is let through: a fault of this program, worth reporting.',
  sync_running: "The run goes on. Wait for its end; a backfill of an instance, for the end of that instance's part.",
  token_revoked: 'Reconnect with a new token. After 7 days: cause `token_lost`, counts are deleted.',
  token_expired: 'The same. Where tokens can be refreshed, that was tried first.',
  scope_missing:
    'Authorize again with the scope `read:user`; without it counts would be too low. After 7 days: cause `token_lost`.',
  sso_required: 'Authorize the token for single sign-on at the instance. Nothing is deleted.',
  user_gone: 'Ask a site administrator. After 24 hours: cause `gone`, counts are deleted.',
  user_suspended: 'Ask a site administrator. After 24 hours: cause `suspended`, counts are deleted.',
  identity_mismatch: 'Use a token of the account that was connected. After 24 hours: cause `gone`, counts are deleted.',
  rate_limited: 'Nothing: it is tried again each hour. Nothing is deleted.',
  maintenance: 'The same.',
  source_unreachable: 'The same. The operator looks at the instance and at the network between.',
  bad_answer: 'The same: nothing doubtful is taken for a count. If it lasts, look at what stands between.',
  token_unreadable:
    'The operator starts with the key under which it was stored (`TOKEN_KEYS`); a new token helps as well. Nothing is deleted.',
  address_not_allowed:
    'Nothing is registered. Use HTTPS. A private address needs `allowPrivateNetwork`; plain HTTP goes to loopback addresses alone, where the operator allowed it; link-local, metadata and reserved addresses are never allowed.',
  proof_unavailable:
    'Nothing was decided. Try again shortly. An access request that could not be checked is closed; sent again, it is made anew.',
  service_unavailable:
    'What was accepted before is not lost. Send the same request, with the same `Idempotency-Key`, again. At `/readyz`, `facts` names what cannot be reached.',
  internal:
    "What was committed stays whole. The same request with the same `Idempotency-Key` may be sent again; the log has the cause under the answer's `X-Request-Id`.",
};
