import type { Answer } from './answer.ts';
import { redirect } from './answer.ts';
import type { OAuthApplication } from './oauth-application.ts';
import { matchesCallback } from './redirect-uri.ts';

/** What an application asks of a browser's person, of the query or of the consent page's form. */
export interface AuthorizationRequest {
  redirectUri: string;
  /** Empty where none were asked for. */
  scopes: readonly string[];
  state: string | undefined;
  challenge: string | undefined;
}

/** @returns the request, or the answer that sends the browser back at once */
export function authorizationIn(
  fields: Readonly<Record<string, string>>,
  { callbackUrl }: OAuthApplication,
  verifiesPkce: boolean,
): AuthorizationRequest | Answer {
  const { redirect_uri: redirectUri = callbackUrl, scope = '', state, code_challenge: challenge } = fields;
  const request = { redirectUri, scopes: scope.split(/[ ,]+/).filter(Boolean), state, challenge };
  if (!matchesCallback(callbackUrl, redirectUri)) {
    return sentBack({ ...request, redirectUri: callbackUrl }, refused('redirect_uri_mismatch'));
  }
  const { code_challenge_method: method } = fields;
  const isPlain = (challenge ?? method) !== undefined && (method !== 'S256' || challenge?.length !== 43);
  return verifiesPkce && isPlain ? sentBack(request, refused('invalid_request')) : request;
}

export function sentBack({ redirectUri, state }: AuthorizationRequest, answer: Record<string, string>): Answer {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (state !== undefined) url.searchParams.set('state', state);
  return redirect(url.href);
}

const DESCRIPTIONS = {
  access_denied: 'The user has denied your application access.',
  redirect_uri_mismatch: 'The redirect_uri MUST match the registered callback URL for this application.',
  invalid_request: 'The code_challenge MUST be of the method S256.',
} as const;

export function refused(error: keyof typeof DESCRIPTIONS): Record<string, string> {
  const anchor = error.replaceAll('_', '-');
  return {
    error,
    error_description: DESCRIPTIONS[error],
    error_uri: `/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#${anchor}`,
  };
}
