import * as client from 'openid-client';
import { DomainError } from '../domain/errors.ts';
import { createHttp, type HttpLimits } from '../net/http.ts';
import { createConfigurations } from './configurations.ts';
import type { Application, Granted, Proof } from './provider.ts';

export interface SignIn {
  /**
   * Where to send the browser.
   * @param redirectUri where it comes back to
   * @param scope undefined asks for none
   * @throws DomainError sign_in_unavailable
   */
  begin(application: Application, asked: { redirectUri: string; scope?: string } & Proof): Promise<URL>;
  /**
   * Exchanges the code that came back, once.
   * @param came the whole address that the browser came back to
   * @throws DomainError sign_in_refused, sign_in_invalid, sign_in_unavailable
   */
  finish(application: Application, came: { url: URL; now: Date } & Proof): Promise<Granted>;
  close(): Promise<void>;
}

export function createSignIn(limits: Partial<HttpLimits> = {}): SignIn {
  const http = createHttp(limits);
  const configurationOf = createConfigurations(http);
  return {
    async begin(application, { redirectUri, scope, state, verifier, nonce }) {
      const configuration = await configurationOf(application);
      const challenge = await client.calculatePKCECodeChallenge(verifier);
      return client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...(scope !== undefined && { scope }),
        ...(application.kind === 'discovered' && { nonce }),
      });
    },
    async finish(application, { url, now, state, verifier, nonce }) {
      const configuration = await configurationOf(application);
      const isDiscovered = application.kind === 'discovered';
      const checks = { expectedState: state, pkceCodeVerifier: verifier };
      const tokens = await client
        .authorizationCodeGrant(configuration, url, {
          ...checks,
          ...(isDiscovered && { expectedNonce: nonce, idTokenExpected: true }),
        })
        .catch(refused);
      const { expires_in: seconds } = tokens;
      return {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        expiresAt: seconds === undefined ? undefined : new Date(now.getTime() + seconds * 1000).toISOString(),
        claims: isDiscovered ? tokens.claims() : undefined,
      };
    },
    close: () => http.close(),
  };
}

/** What came back said no, the code was not taken, or nobody can say; nothing of the answer goes into the message. */
function refused(error: unknown): never {
  if (error instanceof client.AuthorizationResponseError) throw new DomainError('sign_in_refused');
  // An application that its provider does not know is no fault of the person's, and asking again does not help them.
  if (error instanceof client.ResponseBodyError) {
    const isOurs = OURS.has(error.error) && !OF_THE_CODE.has(error.error_description ?? '');
    throw new DomainError(isOurs ? 'sign_in_unavailable' : 'sign_in_invalid');
  }
  throw new DomainError('sign_in_unavailable');
}

/** RFC 6749, 5.2, and GitHub's own words for the same. */
const OURS: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'incorrect_client_credentials',
  'redirect_uri_mismatch',
]);

/** Gitea 1.26 says `unauthorized_client` of a code that it does not take, too: it is unknown, or its PKCE does not fit. */
const OF_THE_CODE: ReadonlySet<string> = new Set(['client is not authorized', 'failed PKCE code challenge']);
