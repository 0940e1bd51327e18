import type { AddressRule } from '../net/address.ts';

/** One application of ours at one place where people sign in. */
export interface Application {
  /** `discovered` is OpenID Connect, whose issuer says where everything is; the other two say nothing of themselves. */
  kind: 'github' | 'gitea' | 'discovered';
  /** Where its pages are: origin and optional path, without a slash at the end. Of `discovered`, the issuer. */
  web: AddressRule;
  clientId: string;
  clientSecret: string;
}

/** What one sign-in is recognised by. Both are secrets until it is over. */
export interface Proof {
  state: string;
  /** PKCE's (RFC 7636); servers that do not know it ignore it. */
  verifier: string;
  /** OpenID Connect's. */
  nonce: string;
}

/** What a provider gave for a code. */
export interface Granted {
  accessToken: string;
  refreshToken: string | undefined;
  /** ISO; undefined where the token does not expire. */
  expiresAt: string | undefined;
  /** Of an ID token: who, at which issuer, with whatever else it says. */
  claims: Readonly<Record<string, unknown>> | undefined;
}
