import { accountSuspended, badCredentials, html, json, refusal } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Fault } from './fault-kinds.ts';

/** The answer that a fault puts in the place of the real one; `undefined` where it does not. */
export function answerInstead(fault: Fault): Answer | undefined {
  switch (fault.kind) {
    case 'too-many-requests':
      return refusal(429, 'API rate limit exceeded.', { 'retry-after': String(fault.retryAfter) });
    case 'rate-limited':
      return refusal(403, 'API rate limit exceeded for user ID 1001.', exhausted(fault.resetInSeconds));
    case 'graphql-rate-limited':
      return graphQLRateLimited(fault.type, fault.resetInSeconds);
    case 'secondary-rate-limit':
      return secondaryRateLimit(fault.retryAfter);
    case 'bad-gateway':
      return html(502, '<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>');
    case 'maintenance':
      return html(503, MAINTENANCE_PAGE);
    case 'not-json':
      return html(200, '<html><head><title>Sign in</title></head><body>Sign in to your account</body></html>');
    case 'huge-body':
      return json(200, { data: null, padding: 'x'.repeat(fault.bytes) });
    case 'unauthorized':
    case 'gone':
      return badCredentials();
    case 'suspended':
      return accountSuspended();
    case 'sso-required':
      return fault.form === 'http' ? ssoRequired() : ssoRequiredInGraphQL();
    default:
      return undefined;
  }
}

function exhausted(resetInSeconds: number): Record<string, string> {
  const reset = Math.ceil(Date.now() / 1000) + resetInSeconds;
  return { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
}

/** Status 200 and an error in the body; both spellings of the type have been seen in public reports. */
function graphQLRateLimited(type: 'RATE_LIMITED' | 'RATE_LIMIT', resetInSeconds: number): Answer {
  const message = 'API rate limit exceeded for user ID 1001.';
  return json(200, { errors: [{ type, message }] }, exhausted(resetInSeconds));
}

/** The secondary limit leaves the primary one's counters alone and may name no time at all. */
function secondaryRateLimit(retryAfter: number | undefined): Answer {
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  return refusal(403, message, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
}

const SSO = { 'x-github-sso': 'required; url=https://ghes.acme.example/orgs/acme/sso?authorization_request=demo' };
const SSO_MESSAGE =
  'Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization.';

function ssoRequired(): Answer {
  return refusal(403, SSO_MESSAGE, SSO);
}

function ssoRequiredInGraphQL(): Answer {
  const error = { type: 'FORBIDDEN', path: ['viewer'], extensions: { saml_failure: true }, message: SSO_MESSAGE };
  return json(200, { data: null, errors: [error] }, SSO);
}

const MAINTENANCE_PAGE = `<!DOCTYPE html>
<html><head><title>GitHub Enterprise is currently down for maintenance</title></head>
<body><h1>Down for maintenance</h1><p>The administrators are performing scheduled maintenance.</p></body></html>`;
