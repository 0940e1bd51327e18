import { createHash } from 'node:crypto';
import type { Answer } from './answer.ts';
import { json } from './answer.ts';
import type { Fault } from './fault-kinds.ts';
import type { Incoming } from './incoming.ts';
import type { AuthorizationCode } from './oauth-codes.ts';
import type { OAuthContext } from './oauth-provider.ts';
import { issueToken } from './oauth-tokens.ts';

/** `POST /login/oauth/access_token`: what it refuses it refuses with status 200. */
export function exchangeCode(request: Incoming, context: OAuthContext, faults: readonly Fault[]): Answer {
  const { application, codes, people, settings, now } = context;
  const fields = tokenFields(request);
  const answer = (body: Record<string, string>): Answer => spoken(request, body);
  const { clientId, clientSecret } = application;
  if (fields['client_id'] !== clientId || fields['client_secret'] !== clientSecret) {
    return answer(ERRORS.incorrect_client_credentials);
  }
  const code = codes.take(fields['code'] ?? '');
  if (code === undefined) return answer(ERRORS.bad_verification_code);
  const { redirect_uri: redirectUri = code.redirectUri, code_verifier: verifier } = fields;
  if (redirectUri !== code.redirectUri) return answer(ERRORS.redirect_uri_mismatch);
  if (settings.verifiesPkce && !isVerified(code, verifier)) return answer(ERRORS.bad_verification_code);
  const { gone, suspendedAt } = people.get(code.who);
  if (gone || suspendedAt !== null) return answer(ERRORS.bad_verification_code);
  const scopes = faults.some(({ kind }) => kind === 'missing-scope') ? [] : code.scopes;
  const token = issueToken(people, { who: code.who, clientId, scopes }, now());
  return answer({ access_token: token, scope: scopes.join(','), token_type: 'bearer' });
}

/** A form or JSON. */
export function tokenFields({ form, json: body }: Incoming): Record<string, string> {
  if (typeof body !== 'object' || body === null) return form;
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isVerified({ challenge }: AuthorizationCode, verifier: string | undefined): boolean {
  return (
    challenge === undefined ||
    challenge ===
      createHash('sha256')
        .update(verifier ?? '')
        .digest('base64url')
  );
}

/** A form unless JSON is asked for. */
function spoken({ headers }: Incoming, body: Record<string, string>): Answer {
  if (headers['accept']?.includes('json') === true) return json(200, body);
  const type = 'application/x-www-form-urlencoded; charset=utf-8';
  return { status: 200, headers: { 'content-type': type }, body: new URLSearchParams(body).toString() };
}

const DOCS = '/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#';

const ERRORS = {
  incorrect_client_credentials: {
    error: 'incorrect_client_credentials',
    error_description: 'The client_id and/or client_secret passed are incorrect.',
    error_uri: `${DOCS}incorrect-client-credentials`,
  },
  bad_verification_code: {
    error: 'bad_verification_code',
    error_description: 'The code passed is incorrect or expired.',
    error_uri: `${DOCS}bad-verification-code`,
  },
  redirect_uri_mismatch: {
    error: 'redirect_uri_mismatch',
    error_description: 'The redirect_uri MUST match the registered callback URL for this application.',
    error_uri: '/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#redirect-uri-mismatch2',
  },
} as const;
